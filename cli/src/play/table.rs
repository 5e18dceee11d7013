//! The demo's table: a printed line for each step, with the state that is stored afterwards.

use simulator::scenario::{Contract, Step};
use simulator::verdict::Outcome;

use super::answered::word;
use super::{Player, ScoreLine};

use crate::output::outln;

/// What was played.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Score {
    /// How many calls were sent.
    pub calls: usize,
    /// How many lines were not as they must be.
    pub failed: usize,
    /// The instance whose life it was.
    pub instance_id: String,
}

impl Player<'_> {
    /// Plays steps from first to last and prints a line for each; how many were wrong.
    pub fn play(&mut self, steps: &[Step]) -> usize {
        let width = steps.iter().map(|step| step.title.len()).max().unwrap_or_default();
        outln!("\n   {:width$}  {:<19}  code    state     {:>8}", "call", "sent", "took");
        let mut failed = 0;
        for step in steps {
            let line = self.act(step);
            failed += usize::from(!print(&line, width));
        }
        failed
    }

    /// What was played, `failed` lines of it wrong.
    pub fn score(self, failed: usize) -> Score {
        Score { calls: self.calls(), failed, instance_id: self.instance_id }
    }
}

/// Prints a line; whether it is as it must be.
fn print(line: &ScoreLine, width: usize) -> bool {
    let Some(odd) = line.odd() else { return true };
    let slowest = line.sent.iter().map(|answered| answered.took).max().unwrap_or_default();
    let verdict = match &odd.outcome {
        Outcome::Right => "ok".to_owned(),
        Outcome::NotServed(seen) => format!("FAILED: not served ({seen})"),
        Outcome::Failed(failure) => format!("FAILED: {}", failure.seen),
    };
    outln!(
        "{} {:width$}  {:<19}  {:<6}  {:<8}  {:>5.1} ms  {verdict}",
        short(line.step.call.contract),
        line.step.title,
        line.sent_text(),
        odd.code,
        word(odd.state),
        slowest.as_secs_f64() * 1_000.0,
    );
    odd.is_right()
}

/// The short name of a contract.
pub const fn short(contract: Contract) -> &'static str {
    match contract {
        Contract::V1 => "V1",
        Contract::V2 => "V2",
        Contract::KitV1 => "K1",
        Contract::KitV2 => "K2",
    }
}
