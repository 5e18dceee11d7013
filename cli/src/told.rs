//! The demo's last act: a product that is to be told, and is down at first.

use std::io::IsTerminal;
use std::thread;
use std::time::{Duration, Instant};

use simulator::scenario;

use crate::demo::{self, Demo, Only};
use crate::error::CommandError;
use crate::made_up;
use crate::output::{self, outln};
use crate::play::{Player, Rules, Score};
use crate::stand_in::{StandIn, Took};

/// How long the relay is waited for: its second attempt comes after five seconds.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);
/// What the product is told of each of these lives, in this order.
const TOLD: [&str; 3] = ["instance.created", "instance.frozen", "instance.released"];

/// Plays a purchase under each contract to a seller with a product.
pub fn play(
    demo: &Demo<'_>,
    product: &StandIn,
    only: Option<Only>,
) -> Result<Vec<Score>, CommandError> {
    let order = format!("CS{}TOLD", made_up::now_millis());
    let mut scores = Vec::new();
    outln!("\n   with a product that is to be told, and is down at first:");
    if only != Some(Only::V1) {
        scores.push(play_v2(demo, product, &format!("{order}B"))?);
    }
    product.come_up();
    if only != Some(Only::V2) {
        let steps = scenario::quick_v1(&format!("{order}A"), made_up::now_millis());
        scores.push(demo::play(demo.seller, Some(demo.look), &steps));
    }
    for score in &mut scores {
        wait("the product's last notice", || product.took(&score.instance_id).len() >= TOLD.len());
        score.failed += usize::from(!print_book(&product.took(&score.instance_id)));
    }
    Ok(scores)
}

/// The marketplace asks again and again until the product is back; the ID stays the same.
fn play_v2(demo: &Demo<'_>, product: &StandIn, order: &str) -> Result<Score, CommandError> {
    let (down, back) = scenario::awaited_v2(order, made_up::now_millis());
    let mut player = Player::new(demo.seller, Rules::Koohook(Some(demo.look)));
    let mut failed = player.play(&down);
    product.come_up();
    if !wait("the relay's next attempt", || (demo.is_ready)(player.instance_id())) {
        return Err("the relay did not deliver in a minute".into());
    }
    failed += player.play(&back);
    Ok(player.score(failed))
}

/// Waits until something holds, and says so on a terminal; whether it came to hold.
fn wait(what: &str, holds: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    while !holds() && started.elapsed() < PATIENCE {
        if terminal {
            let elapsed = started.elapsed().as_secs_f64();
            output::print_aside(format_args!("\r   waiting for {what}: {elapsed:.1} s "));
        }
        thread::sleep(GLANCE);
    }
    if terminal {
        output::print_aside(format_args!("\r{:60}\r", ""));
    }
    holds()
}

/// What the product took of one instance: every notice once, in order.
fn print_book(took: &[Took]) -> bool {
    let kinds: Vec<_> = took.iter().map(|took| took.kind.as_str()).collect();
    let in_order = took.iter().map(|took| took.sequence).eq(1..=3) && kinds == TOLD;
    outln!("\n   the product took, each once:{}", if in_order { "" } else { " FAILED" });
    for Took { sequence, kind, id } in took {
        outln!("   {sequence:>4}  {kind:<18}  {id}");
    }
    in_order
}
