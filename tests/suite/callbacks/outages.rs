//! A store that fails, or is slow, never makes two effects of one call.

use std::time::Duration;

use domain::record::EntityRecord;
use protocol::signature::Contract;
use simulator::answer::Answer;
use tests::call::{SETTINGS, koohook, run, v1};
use tests::world::{NOW, Trouble};

use super::{changing, fitting_state, named, told, with_instance};
use crate::lifecycle::{CALLBACKS, Callback, instance_id};

// A failing store.

/// What goes wrong from the n-th operation on.
#[derive(Clone, Copy, Debug)]
enum Outage {
    Once(Trouble),
    ForGood(Trouble),
}

const OUTAGES: [Outage; 4] = [
    Outage::Once(Trouble::Refused),
    Outage::Once(Trouble::ReplyLost),
    Outage::ForGood(Trouble::Refused),
    Outage::ForGood(Trouble::ReplyLost),
];

impl Outage {
    fn plan(self, nth: usize) -> Vec<Trouble> {
        let calm = std::iter::repeat_n(Trouble::None, nth);
        match self {
            Self::Once(trouble) => calm.chain([trouble]).collect(),
            Self::ForGood(trouble) => calm.chain([trouble; 16]).collect(),
        }
    }
}

#[test]
fn a_store_that_fails_on_any_call_never_makes_two_of_one() {
    for callback in changing() {
        let calm = with_instance(&SETTINGS, fitting_state(callback), callback.contract);
        let id = instance_id(callback.contract);
        let right = run(callback.send(&calm, id.as_str()));
        let right = (right, run(calm.kept(id.as_str())));
        for (outage, nth) in
            OUTAGES.iter().flat_map(|outage| [0, 1, 2, 3, 4].map(|nth| (*outage, nth)))
        {
            a_store_fails_once(callback, outage, nth, &right);
        }
    }
}

fn a_store_fails_once(
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
    let told = format!("{} {outage:?} {nth}", callback.name);
    let after = run(koohook.kept(id.as_str()));
    if troubled.code == "000005" {
        assert!(after == before || after == *kept, "half an effect: {told}");
    } else {
        assert_eq!((&troubled, &after), (answer, kept), "{told}");
    }
    let must_fail = nth == 0 || matches!((outage, nth), (Outage::ForGood(_), 1));
    assert_eq!(troubled.code == "000005", must_fail, "{told}");
    koohook.store().plan([]);
    let retried = run(callback.send(&koohook, id.as_str()));
    assert_eq!((&retried, &run(koohook.kept(id.as_str()))), (answer, kept), "{told}");
}

#[test]
fn a_write_whose_reply_was_lost_costs_one_more_write() {
    let koohook = koohook(&SETTINGS);
    koohook.store().plan([Trouble::None, Trouble::ReplyLost]);
    let answer = run(CALLBACKS[0].send(&koohook, ""));
    assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000000", (1, 2)));
}

#[test]
fn a_deadline_that_passed_is_an_unknown_outcome() {
    let upgrade = named("V1 upgrade");
    let id = instance_id(Contract::V1);
    // Two seconds for the read and two for the write are all there are; then the write is late.
    for (lag, code) in [(1_999, "000000"), (2_000, "000005"), (4_000, "000005"), (9_000, "000005")]
    {
        let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
        koohook.world().lag(Duration::from_millis(lag));
        let signed = v1(NOW, &upgrade.members(id.as_str()));
        let answer = run(koohook.reply(signed.clone()));
        assert_eq!(answer.code, code, "{lag} ms");
        koohook.world().lag(Duration::ZERO);
        assert_eq!(run(koohook.reply(signed)).code, "000000");
        assert_eq!(told(&koohook, id.as_str()), 1, "{lag} ms");
    }
}

#[test]
fn nothing_is_begun_after_the_deadline() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
    koohook.world().lag(Duration::from_secs(4));
    koohook.store().take_counts();
    run(named("V1 upgrade").send(&koohook, instance_id(Contract::V1).as_str()));
    assert_eq!(koohook.store().take_counts(), (1, 0));
}

#[test]
fn a_v1_purchase_may_take_longer_where_the_seller_says_so() {
    let patient = [&SETTINGS[..], &[("KOOHOOK_V1_DEADLINE_MILLIS", "15000")]].concat();
    for (callback, code) in [("V1 newInstance", "000000"), ("V2 newInstance", "000005")] {
        let koohook = koohook(&patient);
        koohook.world().lag(Duration::from_secs(7));
        assert_eq!(run(named(callback).send(&koohook, "")).code, code, "{callback}");
    }
}
