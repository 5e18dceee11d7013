//! Purchases of one round, each verified and repeated.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Request;
use tests::call::BASE_KEY;

use crate::calls::{purchase, verified};
use crate::clock::now_millis;
use crate::connection::{KeptConnection, on_the_wire, parse};
use crate::host::{CONNECTIONS, HostLoad, MeasuredHost};
use crate::outcome::Result;
use crate::pace::Pace;

/// Loads a server with new purchases, whose orders begin with `mark`. Then repeats each of them.
///
/// # Errors
/// If an answer is not signed or not a success, if two orders get the same instance, or if a repeated
/// order gets another instance.
pub fn round(host: &MeasuredHost, mark: &str, pace: &Pace) -> Result<HostLoad> {
    let order = |number: usize| format!("{mark}{number:06}");
    // They are more than a server can answer in a round.
    let most = usize::try_from(pace.round_millis * 20)?;
    let length = Duration::from_millis(pace.round_millis);
    let (load, instances) = purchase_all(host, (0..most).map(order), length)?;
    let different: BTreeSet<_> = instances.iter().collect();
    if instances.is_empty() || different.len() < instances.len() {
        return Err("no answer, or two orders with the same instance".into());
    }
    // The load does not read the answers of the last requests, so more requests follow.
    let again = (0..instances.len()).map(order).chain((0..CONNECTIONS).map(order));
    let (_, repeated) = purchase_all(host, again, LONG)?;
    if repeated != instances {
        return Err("a repeated purchase got another instance".into());
    }
    Ok(load)
}

/// Loads a server with purchases. Returns the instances of the answered ones.
fn purchase_all(
    host: &MeasuredHost,
    orders: impl Iterator<Item = String>,
    length: Duration,
) -> Result<(HostLoad, Vec<String>)> {
    let now = now_millis()?;
    let signed: Vec<_> = orders.map(|order| on_the_wire(&purchase(&order, now))).collect();
    let mut answers = Vec::new();
    let load = host.load_each(length, &mut signed.into_iter(), &mut |answer| {
        answers.push(answer.to_vec());
        Ok(())
    })?;
    let instances = answers.iter().map(|answer| instance(answer)).collect::<Result<_>>()?;
    Ok((load, instances))
}

/// The instance in an answer, which is verified.
fn instance(answer: &[u8]) -> Result<String> {
    let answer = verified(&parse(answer)?, BASE_KEY, "000000")?;
    Ok(answer.instance_id.ok_or("no instance ID")?)
}

/// Checks that a server rejects a forged purchase and an old one.
///
/// # Errors
/// If it accepts one of them.
pub fn check_rejections(connection: &mut KeptConnection) -> Result<()> {
    let now = now_millis()?;
    let (head, body) = purchase("CS1", now).into_parts();
    let forged = String::from_utf8(body)?.replace("CS1", "CS2").into_bytes();
    let forged = Request::from_parts(head, forged);
    let old = purchase("CS1", now - 120_000);
    for (request, code) in [(forged, "000001"), (old, "000002")] {
        verified(&connection.call(&request)?, BASE_KEY, code)?;
    }
    Ok(())
}

/// Longer than the repeats take. The marketplace's window of 60 seconds is the limit.
const LONG: Duration = Duration::from_secs(50);
