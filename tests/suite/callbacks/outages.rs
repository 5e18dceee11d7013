//! If a store fails or is slow, a call still has one effect.

use std::time::Duration;

use domain::record::EntityRecord;
use protocol::signature::Contract;
use simulator::answer::Answer;
use tests::call::{SETTINGS, koohook, run, v1};
use tests::world::{NOW, StoreFault};

use super::{changing, fitting_state, named, notice_count, with_instance};
use crate::lifecycle::{CALLBACKS, Callback, instance_id};

/// The operations that fail: only the n-th, or the n-th and all later ones.
#[derive(Clone, Copy, Debug)]
enum Outage {
    Once(StoreFault),
    Always(StoreFault),
}

const OUTAGES: [Outage; 4] = [
    Outage::Once(StoreFault::Refused),
    Outage::Once(StoreFault::ReplyLost),
    Outage::Always(StoreFault::Refused),
    Outage::Always(StoreFault::ReplyLost),
];

impl Outage {
    fn plan(self, nth: usize) -> Vec<StoreFault> {
        let faultless = std::iter::repeat_n(StoreFault::None, nth);
        match self {
            Self::Once(trouble) => faultless.chain([trouble]).collect(),
            Self::Always(trouble) => faultless.chain([trouble; 16]).collect(),
        }
    }
}

#[test]
fn a_store_fault_never_gives_a_call_two_effects() {
    for callback in changing() {
        let healthy = with_instance(&SETTINGS, fitting_state(callback), callback.contract);
        let id = instance_id(callback.contract);
        let expected = run(callback.send(&healthy, id.as_str()));
        let expected = (expected, run(healthy.kept(id.as_str())));
        for (outage, nth) in
            OUTAGES.iter().flat_map(|outage| [0, 1, 2, 3, 4].map(|nth| (*outage, nth)))
        {
            check_outage(callback, outage, nth, &expected);
        }
    }
}

fn check_outage(
    callback: &Callback,
    outage: Outage,
    nth: usize,
    (answer, kept): &(Answer, Option<EntityRecord>),
) {
    let koohook = with_instance(&SETTINGS, fitting_state(callback), callback.contract);
    let id = instance_id(callback.contract);
    let before = run(koohook.kept(id.as_str()));
    koohook.store().plan(outage.plan(nth));
    let troubled = run(callback.send(&koohook, id.as_str()));
    let case = format!("{} {outage:?} {nth}", callback.name);
    let after = run(koohook.kept(id.as_str()));
    if troubled.code == "000005" {
        assert!(after == before || after == *kept, "half an effect: {case}");
    } else {
        assert_eq!((&troubled, &after), (answer, kept), "{case}");
    }
    let must_fail = nth == 0 || matches!((outage, nth), (Outage::Always(_), 1));
    assert_eq!(troubled.code == "000005", must_fail, "{case}");
    koohook.store().plan([]);
    let retried = run(callback.send(&koohook, id.as_str()));
    assert_eq!((&retried, &run(koohook.kept(id.as_str()))), (answer, kept), "{case}");
}

#[test]
fn a_write_whose_reply_was_lost_is_written_once_more() {
    let koohook = koohook(&SETTINGS);
    koohook.store().plan([StoreFault::None, StoreFault::ReplyLost]);
    let answer = run(CALLBACKS[0].send(&koohook, ""));
    assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000000", (1, 2)));
}

#[test]
fn a_write_after_the_deadline_has_an_unknown_outcome() {
    let upgrade = named("V1 upgrade");
    let id = instance_id(Contract::V1);
    // The deadline leaves two seconds for the read and two for the write. A slower write is too
    // late.
    for (lag, code) in [(1_999, "000000"), (2_000, "000005"), (4_000, "000005"), (9_000, "000005")]
    {
        let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
        koohook.world().lag(Duration::from_millis(lag));
        let signed = v1(NOW, &upgrade.members(id.as_str()));
        let answer = run(koohook.reply(signed.clone()));
        assert_eq!(answer.code, code, "{lag} ms");
        koohook.world().lag(Duration::ZERO);
        assert_eq!(run(koohook.reply(signed)).code, "000000");
        assert_eq!(notice_count(&koohook, id.as_str()), 1, "{lag} ms");
    }
}

#[test]
fn no_operation_starts_after_the_deadline() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
    koohook.world().lag(Duration::from_secs(4));
    koohook.store().take_counts();
    run(named("V1 upgrade").send(&koohook, instance_id(Contract::V1).as_str()));
    assert_eq!(koohook.store().take_counts(), (1, 0));
}

#[test]
fn a_setting_allows_a_v1_purchase_more_time() {
    let patient = [&SETTINGS[..], &[("KOOHOOK_V1_DEADLINE_MILLIS", "15000")]].concat();
    for (callback, code) in [("V1 newInstance", "000000"), ("V2 newInstance", "000005")] {
        let koohook = koohook(&patient);
        koohook.world().lag(Duration::from_secs(7));
        assert_eq!(run(named(callback).send(&koohook, "")).code, code, "{callback}");
    }
}
