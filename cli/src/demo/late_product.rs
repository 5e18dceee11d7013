//! The demo's last part: a product that receives notices and is down at first.

use std::io::IsTerminal;
use std::thread;
use std::time::{Duration, Instant};

use simulator::scenario;

use super::stub_product::{AcceptedNotice, StubProduct};
use super::table::{ScenarioScore, play_steps};
use super::{ObservedSeller, play_scenario};
use crate::error::CommandError;
use crate::generated;
use crate::options::AccessGuide;
use crate::output::{self, outln};
use crate::player::{AnswerRules, Player};

/// Plays a purchase under each contract against a seller with a product.
///
/// # Errors
/// If the relay does not deliver the first notice in time.
pub fn play(
    observed: &ObservedSeller<'_>,
    product: &StubProduct,
    only: Option<AccessGuide>,
) -> Result<Vec<ScenarioScore>, CommandError> {
    let order = format!("CS{}LATE", generated::now_millis());
    let mut scores = Vec::new();
    outln!("\n   with a product that receives notices and is down at first:");
    if only != Some(AccessGuide::V1) {
        scores.push(play_v2(observed, product, &format!("{order}B"))?);
    }
    product.bring_up();
    if only != Some(AccessGuide::V2) {
        let steps = scenario::quick_v1(&format!("{order}A"), generated::now_millis());
        scores.push(play_scenario(observed.seller, Some(observed.state), &steps));
    }
    for score in &mut scores {
        let accepted = || product.accepted(&score.instance_id);
        wait("the product's last notice", || accepted().len() >= NOTICES.len());
        score.failed += usize::from(!print_accepted(&accepted()));
    }
    Ok(scores)
}

/// The marketplace repeats its query until the product is up. The instance ID stays the same.
fn play_v2(
    observed: &ObservedSeller<'_>,
    product: &StubProduct,
    order: &str,
) -> Result<ScenarioScore, CommandError> {
    let (down, back) = scenario::awaited_v2(order, generated::now_millis());
    let mut player = Player::new(observed.seller, AnswerRules::Koohook(Some(observed.state)));
    let mut failed = play_steps(&mut player, &down);
    product.bring_up();
    if !wait("the relay's next attempt", || (observed.is_ready)(player.instance_id())) {
        return Err("the relay did not deliver the notice in a minute; run the demo again".into());
    }
    failed += play_steps(&mut player, &back);
    Ok(ScenarioScore::new(&player, failed))
}

/// Waits until a condition is true, and shows the wait on a terminal. Returns whether it became true.
fn wait(what: &str, is_true: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    while !is_true() && started.elapsed() < PATIENCE {
        if terminal {
            let elapsed = started.elapsed().as_secs_f64();
            output::print_aside(format_args!("\r   waiting for {what}: {elapsed:.1} s "));
        }
        thread::sleep(INTERVAL);
    }
    if terminal {
        output::print_aside(format_args!("\r{:60}\r", ""));
    }
    is_true()
}

/// Prints the notices of one instance that the product accepted. Returns whether each arrived once
/// and in order.
fn print_accepted(accepted: &[AcceptedNotice]) -> bool {
    let kinds: Vec<_> = accepted.iter().map(|notice| notice.kind.as_str()).collect();
    let in_order = accepted.iter().map(|notice| notice.sequence).eq(1..=3) && kinds == NOTICES;
    outln!(
        "\n   notices that the product accepted, each once:{}",
        if in_order { "" } else { " FAILED" }
    );
    for AcceptedNotice { sequence, kind, id, .. } in accepted {
        outln!("   {sequence:>4}  {kind:<18}  {id}");
    }
    in_order
}

/// How long the demo waits for the relay. The second attempt comes after five seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the demo checks the condition.
const INTERVAL: Duration = Duration::from_millis(100);
/// The notices of each scenario, in this order.
const NOTICES: [&str; 3] = ["instance.created", "instance.frozen", "instance.released"];
