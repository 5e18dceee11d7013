//! The release of a pay-per-use instance: when it ended, and until when its product may still report
//! usage (decisions J2 and J5).

use domain::instance::UsageKind;
use domain::notice::NoticeType;
use domain::usage::UsageLife;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use tests::call::{ADDRESS, BASE_KEY, Bundled, SETTINGS, koohook, run};
use tests::world::NOW;

use super::super::{HOUR, SECOND, kinds, send_at};
use super::{V2_PURCHASE, buy, instance, learn, v1_purchase};

fn release(koohook: &Bundled, contract: Contract, id: &str, signed_at: u64) {
    let members = [
        ("activity", "releaseInstance"),
        ("orderId", "CS9"),
        ("orderLineId", "CS9-1"),
        ("instanceId", id),
    ];
    assert_eq!(send_at(koohook, contract, signed_at, &members).code, "000000");
}

/// `usageUntil` of the notice of the release.
fn usage_until(koohook: &Bundled, id: &str) -> Option<String> {
    let kept = run(koohook.kept(id)).unwrap();
    let released = kept.outbox.waiting.iter().find(|it| it.kind == NoticeType::Released).unwrap();
    released.data.get("usageUntil").map(|until| until.as_str().unwrap().to_owned())
}

/// 20 days and 20 hours after 2026-10-05T21:08:57Z, as Python's `datetime` computed it.
const UNTIL: &str = "2026-10-26T17:08:57.000Z";

#[test]
fn the_product_of_a_pay_per_use_instance_learns_until_when_it_may_report() {
    let (pay, package) = (Some(UsageKind::PayPerUse), Some(UsageKind::Package));
    let cases = [
        (Contract::V1, "0", None, Some(UNTIL)),
        (Contract::V1, "5", None, None),
        (Contract::V1, "1", None, None),
        (Contract::V2, "", pay, Some(UNTIL)),
        (Contract::V2, "", package, None),
        (Contract::V2, "", None, None),
    ];
    for (contract, mode, learned, until) in cases {
        let koohook = koohook(&SETTINGS);
        let id = match contract {
            Contract::V1 => buy(&koohook, contract, &v1_purchase("P1", mode)),
            Contract::V2 => buy(&koohook, contract, &V2_PURCHASE),
        };
        learned.into_iter().for_each(|kind| learn(&koohook, &id, kind));
        release(&koohook, contract, &id, NOW - 30 * SECOND + 999);
        assert_eq!(usage_until(&koohook, &id).as_deref(), until, "{contract:?} {mode} {learned:?}");
        let [begins, ends] = [NOW, NOW - 30 * SECOND].map(|at| Some(UnixMillis::new(at)));
        assert_eq!(instance(&koohook, &id).usage_life(), UsageLife { begins, ends });
    }
}

#[test]
fn the_first_release_is_the_end() {
    let koohook = koohook(&SETTINGS);
    let id = buy(&koohook, Contract::V1, &v1_purchase("P1", "0"));
    for (signed_at, passed) in [(NOW - HOUR, 0), (NOW - 2 * HOUR, 1), (NOW + SECOND, 2)] {
        koohook.world().set_now(NOW + passed * SECOND);
        release(&koohook, Contract::V1, &id, signed_at);
        let ended = instance(&koohook, &id).released_at;
        assert_eq!(ended, Some(UnixMillis::new(NOW - HOUR)), "{signed_at}");
    }
    assert_eq!(kinds(&koohook, &id), [NoticeType::Created, NoticeType::Released]);
}

/// A release is never rejected for its time.
#[test]
fn a_release_without_a_usable_time_ends_the_instance_now() {
    for time_stamp in ["99999999999999", "20270101000000000"] {
        let koohook = koohook(&SETTINGS);
        let id = buy(&koohook, Contract::V1, &v1_purchase("P1", "0"));
        koohook.world().set_now(NOW + 9_500);
        let members = [("activity", "releaseInstance"), ("orderId", "CS1"), ("instanceId", &id)];
        let request = simulator::v1::request(ADDRESS, BASE_KEY, time_stamp, &members);
        assert_eq!(run(koohook.reply(request.unwrap())).code, "000000");
        let ended = instance(&koohook, &id).released_at;
        assert_eq!(ended, Some(UnixMillis::new(NOW + 9_000)), "{time_stamp}");
        assert_eq!(usage_until(&koohook, &id).as_deref(), Some("2026-10-26T17:09:36.000Z"));
    }
}
