//! The demo's table: one line for each step, with the state that is stored afterwards.

use simulator::scenario::{Contract, Step};
use simulator::verdict::Outcome;

use crate::output::outln;
use crate::player::{PlayedStep, Player, state_word};

/// The counts of one scenario.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScenarioScore {
    /// How many calls were sent.
    pub calls: usize,
    /// How many lines failed.
    pub failed: usize,
    /// The instance of the scenario.
    pub instance_id: String,
}

impl ScenarioScore {
    /// The score of a player whose scenario had `failed` wrong lines.
    pub fn new(player: &Player, failed: usize) -> Self {
        Self { calls: player.calls(), failed, instance_id: player.instance_id().to_owned() }
    }
}

/// Plays the steps in order and prints a line for each. Returns how many lines failed.
pub fn play_steps(player: &mut Player, steps: &[Step]) -> usize {
    let width = print_head(steps);
    let mut failed = 0;
    for step in steps {
        failed += usize::from(!print_played(&player.play_step(step), width));
    }
    failed
}

/// Prints the heads of the table. Returns the width of the steps' titles.
pub fn print_head(steps: &[Step]) -> usize {
    let width = steps.iter().map(|step| step.title.len()).max().unwrap_or_default();
    outln!("\n   {:width$}  {:<19}  code    state     {:>8}", "call", "sent", "took");
    width
}

/// Prints the line of a step. Returns whether the step is right.
pub fn print_played(played: &PlayedStep, width: usize) -> bool {
    let Some(answer) = played.shown_answer() else { return true };
    let slowest = played.sent.iter().map(|answer| answer.took).max().unwrap_or_default();
    let verdict = match &answer.outcome {
        Outcome::Right => "ok".to_owned(),
        Outcome::NotServed(seen) => format!("FAILED: not served ({seen})"),
        Outcome::Failed(failure) => format!("FAILED: {}", failure.seen),
    };
    outln!(
        "{} {:width$}  {:<19}  {:<6}  {:<8}  {:>5.1} ms  {verdict}",
        short_name(played.step.call.contract),
        played.step.title,
        played.sent_text(),
        answer.code,
        state_word(answer.state),
        slowest.as_secs_f64() * 1_000.0,
    );
    answer.is_right()
}

const fn short_name(contract: Contract) -> &'static str {
    match contract {
        Contract::V1 => "V1",
        Contract::V2 => "V2",
        Contract::KitV1 => "K1",
        Contract::KitV2 => "K2",
    }
}
