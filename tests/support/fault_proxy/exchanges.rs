//! The exchanges that the fault proxy saw, and the rule for the next ones.

use super::treatment::{Side, Treatment};

/// How many bytes of an exchange the proxy received, passed or not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Exchange {
    /// Bytes from the client.
    pub request: usize,
    /// Bytes from the server.
    pub reply: usize,
}

/// Returns the treatment of an exchange, from its number since the rule was set.
pub(super) type Rule = Box<dyn FnMut(usize) -> Treatment + Send>;

/// The exchanges so far, and the rule for the next ones.
pub(super) struct Exchanges {
    rule: Rule,
    seen: Vec<Exchange>,
    /// The first exchange under the current rule.
    from: usize,
}

impl Exchange {
    /// The number of bytes on a side.
    pub const fn on(&self, side: Side) -> usize {
        match side {
            Side::Request => self.request,
            Side::Reply => self.reply,
        }
    }
}

impl Exchanges {
    /// No exchange yet. The next ones pass unchanged.
    pub(super) fn new() -> Self {
        Self { rule: Box::new(|_| Treatment::default()), seen: Vec::new(), from: 0 }
    }

    /// Treats the next exchanges by another rule, and counts them from 0 again.
    pub(super) fn treat(&mut self, rule: Rule) {
        self.rule = rule;
        self.from = self.seen.len();
    }

    /// The exchanges since the rule was set.
    pub(super) fn since_rule(&self) -> Vec<Exchange> {
        self.seen.get(self.from..).unwrap_or_default().to_vec()
    }

    /// Begins an exchange. Returns its number and its treatment.
    pub(super) fn begin(&mut self) -> (usize, Treatment) {
        let number = self.seen.len();
        self.seen.push(Exchange::default());
        (number, (self.rule)(number - self.from))
    }

    /// Counts bytes of an exchange, and returns how many bytes of the same side came before.
    pub(super) fn count(&mut self, exchange: usize, side: Side, len: usize) -> usize {
        let Some(seen) = self.seen.get_mut(exchange) else { return 0 };
        let seen = match side {
            Side::Request => &mut seen.request,
            Side::Reply => &mut seen.reply,
        };
        *seen += len;
        *seen - len
    }
}
