//! The catalogue of hostile and malformed requests, and the answer that each must get.
//!
//! The rows are data: `vectors/bad_inputs/*.json`, read by `bad_inputs/row.rs`. A new row needs no
//! code. Every answer that is not a success must pass these checks:
//!
//! - it is the one constant body of its code or status, with the bare type `application/json`;
//! - if it has a result code, it carries a `Body-Sign` that covers its bytes;
//! - koohook wrote nothing, and for a rejected request it read nothing;
//! - at every level, the log contains no part of the request, no key and no secret of koohook;
//! - every line of the log is one line of JSON;
//! - koohook did not panic, and the next valid call succeeds.
//!
//! Not here: rows of the kit (see `kit`) and of RSA (see `oaep`), because this test serves only the
//! base interfaces; rows of the notices' receiver; and load tests.

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
/// Secrets from the settings or from decrypted fields. No log may contain them.
const OUR_SECRETS: [&str; 4] =
    [BASE_KEY, "constructed-kit-key-0002", "made-up-password", "15905222222"];

macro_rules! rows {
    ($($claim:ident: $file:literal),* $(,)?) => {
        $(
            #[test]
            fn $claim() {
                check_file(include_str!(concat!("../vectors/bad_inputs/", $file, ".json")));
            }
        )*
    };
}

rows! {
    a_wrong_or_shortened_signature_is_rejected: "signatures",
    a_repeated_or_malformed_parameter_is_rejected: "parameters",
    each_route_accepts_only_its_own_keys: "keys",
    an_old_call_changes_nothing: "time",
    a_body_that_was_not_signed_is_rejected: "bodies",
    an_unreadable_field_does_not_fail_an_order: "encrypted",
    limits_are_checked_before_the_signature: "limits",
    unusual_values_are_stored_unchanged: "values",
    the_state_decides_the_answer: "state",
}

/// The calls race on real threads.
#[test]
fn concurrent_replays_of_one_purchase_make_one_instance() {
    let koohook = koohook(&SETTINGS);
    let call = v2(NOW, &purchase("CS-canary-1"));
    let answers = on_threads(64, |_| run(koohook.reply(call.clone())));
    let ids: BTreeSet<_> = answers.iter().map(|answer| &answer.instance_id).collect();
    assert!(answers.iter().all(|answer| answer.code == "000000"));
    assert_eq!(ids.len(), 1);
    let id = answers[0].instance_id.as_deref().unwrap();
    assert_eq!(run(koohook.kept(id)).unwrap().outbox.sequence, 1);
}

/// The calls race on real threads.
#[test]
fn a_thousand_concurrent_purchases_make_a_thousand_instances() {
    let koohook = koohook(&SETTINGS);
    let answers = on_threads(20, |thread| {
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

/// The results of the same work on many threads.
fn on_threads<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
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

/// Checks the bundle against every row of a file, and reports all failures.
fn check_file(file: &str) {
    let requests = Requests::read(REQUESTS);
    let mut bodies = BTreeMap::new();
    let faults: Vec<String> = BadInput::read_all(file)
        .iter()
        .flat_map(|row| check_row(row, &requests, &mut bodies))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn check_row(
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
            start_fault(setting, &set).into_iter().for_each(fault);
            continue;
        }
        assert!(!steps.is_empty(), "{}: no step", row.id);
        let mut trial = Trial::new(&set, requests);
        steps.iter().for_each(|step| trial.perform(step));
        trial.end();
        trial.faults.drain(..).for_each(&mut fault);
        for (code, body) in trial.failures {
            let first = bodies.entry(code.clone()).or_insert_with(|| body.clone());
            if *first != body {
                fault(format!("a second body for {code}"));
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
    let fulfilled = match row.together {
        Together::Free => true,
        Together::Identical => bodies.len() == 1,
        Together::Distinct => instances.len() == last.len(),
    };
    (!fulfilled).then(|| format!("{} ({}): expected {:?} answers", row.id, row.what, row.together))
}

/// The fault of the rejection of these settings, if it has one. The rejection must name this
/// setting without its value.
fn start_fault(setting: &str, set: &[(&str, &str)]) -> Option<String> {
    let lookup = |name: &str| {
        let found = set.iter().rev().find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    match Config::read(&lookup) {
        Ok(_) => Some("koohook starts".to_owned()),
        Err(rejected) if rejected.iter().all(|unfit| unfit.setting != setting) => {
            Some(format!("the start is rejected for another reason: {rejected}"))
        }
        Err(rejected) => {
            let value = lookup(setting).unwrap_or_default();
            let shown = format!("{rejected} {rejected:?}").contains(value.trim());
            (shown && !value.trim().is_empty()).then(|| "the message shows the value".to_owned())
        }
    }
}
