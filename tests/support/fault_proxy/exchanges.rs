//! The exchanges that a fault proxy saw, and the rule for the next.

use super::treatment::{Side, Treatment};

/// How many bytes an exchange brought to the proxy, whatever became of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Exchange {
    /// What the client said.
    pub request: usize,
    /// What the server said to it.
    pub reply: usize,
}

/// Says how an exchange is treated, by its number since the rule was made.
pub(super) type Rule = Box<dyn FnMut(usize) -> Treatment + Send>;

/// The exchanges so far, and how the next are treated.
pub(super) struct Exchanges {
    rule: Rule,
    seen: Vec<Exchange>,
    /// The first that the rule was made for.
    from: usize,
}

impl Exchange {
    /// How many bytes there are on a side.
    pub const fn on(&self, side: Side) -> usize {
        match side {
            Side::Request => self.request,
            Side::Reply => self.reply,
        }
    }
}

impl Exchanges {
    /// No exchange yet; the next ones pass.
    pub(super) fn new() -> Self {
        Self { rule: Box::new(|_| Treatment::default()), seen: Vec::new(), from: 0 }
    }

    /// Treats the next exchanges by another rule, and counts them anew.
    pub(super) fn treat(&mut self, rule: Rule) {
        self.rule = rule;
        self.from = self.seen.len();
    }

    /// The exchanges since the rule was made.
    pub(super) fn since_rule(&self) -> Vec<Exchange> {
        self.seen.get(self.from..).unwrap_or_default().to_vec()
    }

    /// Begins an exchange: its number, and how it is treated.
    pub(super) fn begin(&mut self) -> (usize, Treatment) {
        let number = self.seen.len();
        self.seen.push(Exchange::default());
        (number, (self.rule)(number - self.from))
    }

    /// Counts bytes of an exchange; how many of the same side came before them.
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
