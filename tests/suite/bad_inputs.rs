//! The catalogue of hostile and malformed requests, and the answer that each must get.
//!
//! The rows are data: `vectors/bad_inputs/*.json`, read by `bad_inputs/row.rs`; a new row needs
//! no code. Every answer but a success is held against the same checks, whatever the row says:
//!
//! - it is the one constant body of its code or status, and bare `application/json`;
//! - an answer with a result code carries a `Body-Sign` that covers its bytes;
//! - nothing was written, and for a rejected request nothing was read;
//! - nothing of the request, no key and no secret of ours is in the log, at any level, and every
//!   line of the log is one line of JSON;
//! - there was no panic, and the next valid call succeeds.
//!
//! What is not here: the rows of the kit and of RSA, which belong to calls that this bundle does
//! not serve; those of the notices' receiver; and load.

mod request;
mod row;
mod text;
mod trial;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use request::Requests;
use row::{BadInput, Expanded, Together};
use shell::config::Config;
use tests::call::{BASE_KEY, SETTINGS, koohook, run, v2};
use tests::world::NOW;

use self::trial::Trial;

const REQUESTS: &str = include_str!("../vectors/bad_inputs/requests.json");
/// What stands in the settings or is opened on the way, and belongs into no log.
const OUR_SECRETS: [&str; 4] =
    [BASE_KEY, "constructed-kit-key-0002", "made-up-password", "15905222222"];

macro_rules! rows {
    ($($claim:ident: $file:literal),* $(,)?) => {
        $(
            #[test]
            fn $claim() {
                hold(include_str!(concat!("../vectors/bad_inputs/", $file, ".json")));
            }
        )*
    };
}

rows! {
    signatures_are_whole_and_right: "signatures",
    parameters_are_read_once: "parameters",
    keys_are_the_routes_own: "keys",
    old_calls_change_nothing: "time",
    bodies_are_what_was_signed: "bodies",
    unreadable_fields_fail_no_order: "encrypted",
    limits_come_before_proof: "limits",
    strange_values_stay_themselves: "values",
    the_state_decides: "state",
}

/// Row B039, on threads that truly race.
#[test]
fn one_purchase_replayed_at_once_is_one_purchase() {
    let koohook = koohook(&SETTINGS);
    let call = v2(NOW, &purchase("CS-canary-1"));
    let answers = at_once(64, |_| run(koohook.reply(call.clone())));
    let ids: BTreeSet<_> = answers.iter().map(|answer| &answer.instance_id).collect();
    assert!(answers.iter().all(|answer| answer.code == "000000"));
    assert_eq!(ids.len(), 1);
    let id = answers[0].instance_id.as_deref().unwrap();
    assert_eq!(run(koohook.kept(id)).unwrap().outbox.sequence, 1);
}

/// Row B090.
#[test]
fn a_thousand_purchases_at_once_are_a_thousand_instances() {
    let koohook = koohook(&SETTINGS);
    let answers = at_once(20, |thread| {
        let order = |number| format!("CS-{thread}-{number}");
        let buy = |number| run(koohook.reply(v2(NOW, &purchase(&order(number)))));
        (0..50).map(buy).collect::<Vec<_>>()
    });
    let ids: BTreeSet<_> = answers
        .iter()
        .flatten()
        .map(|answer| (answer.code.as_str(), &answer.instance_id))
        .collect();
    assert!(ids.iter().all(|(code, _)| *code == "000000"));
    assert_eq!((ids.len(), koohook.store().take_counts()), (1_000, (1_000, 1_000)));
}

/// What each of many threads comes to.
fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|number| scope.spawn(move || work(number))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn purchase(order: &str) -> [(&'static str, &str); 4] {
    [
        ("activity", "newInstance"),
        ("businessId", "canary-business-1"),
        ("orderId", order),
        ("orderLineId", "CS-canary-1-000001"),
    ]
}

/// Holds the bundle against every row of a file, and says all that fails.
fn hold(file: &str) {
    let requests = Requests::read(REQUESTS);
    let mut bodies = BTreeMap::new();
    let faults: Vec<String> = BadInput::read_all(file)
        .iter()
        .flat_map(|row| hold_row(row, &requests, &mut bodies))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn hold_row(
    row: &BadInput,
    requests: &Requests,
    bodies: &mut BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut last = Vec::new();
    for (number, Expanded { settings, steps }) in row.expand().iter().enumerate() {
        let mut set: Vec<(&str, &str)> = SETTINGS.to_vec();
        set.extend(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let is_absent = |name: &str| settings.get(name).is_some_and(|value| value == "«absent»");
        set.retain(|(name, _)| !is_absent(name));
        let mut fault =
            |fault| faults.push(format!("{} ({}) #{number}: {fault}", row.id, row.what));
        if let Some(setting) = &row.start_refused {
            refused_start(setting, &set).into_iter().for_each(fault);
            continue;
        }
        assert!(!steps.is_empty(), "{}: no step", row.id);
        let mut trial = Trial::new(&set, requests);
        steps.iter().for_each(|step| trial.take(step));
        trial.end();
        trial.faults.drain(..).for_each(&mut fault);
        for (code, body) in trial.failures {
            let first = bodies.entry(code.clone()).or_insert_with(|| body.clone());
            if *first != body {
                fault(format!("another body for {code}"));
            }
        }
        last.push((trial.answered, trial.instance));
    }
    faults.extend(together(row, &last));
    faults
}

fn together(row: &BadInput, last: &[(Vec<u8>, Option<String>)]) -> Option<String> {
    let bodies: BTreeSet<_> = last.iter().map(|(body, _)| body).collect();
    let instances: BTreeSet<_> = last.iter().filter_map(|(_, id)| id.as_ref()).collect();
    let holds = match row.together {
        Together::Free => true,
        Together::Identical => bodies.len() == 1,
        Together::Distinct => instances.len() == last.len(),
    };
    (!holds).then(|| format!("{} ({}): not so together", row.id, row.what))
}

/// Why the start is not refused as it should be: for this setting, without showing it.
fn refused_start(setting: &str, set: &[(&str, &str)]) -> Option<String> {
    let lookup = |name: &str| {
        let found = set.iter().rev().find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    match Config::read(&lookup) {
        Ok(_) => Some("the start is not refused".to_owned()),
        Err(refused) if refused.iter().all(|unfit| unfit.setting != setting) => {
            Some(format!("the start is refused otherwise: {refused}"))
        }
        Err(refused) => {
            let value = lookup(setting).unwrap_or_default();
            let shown = format!("{refused} {refused:?}").contains(value.trim());
            (shown && !value.trim().is_empty()).then(|| "the value is shown".to_owned())
        }
    }
}
