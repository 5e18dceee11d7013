//! Purchases of pay-per-use products and packages, and their freeze.

use std::collections::BTreeSet;

use domain::instance::{ChargingMode, FreezeCause, InstanceState, UsageKind};
use domain::notice::NoticeType;
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use simulator::answer::Answer;
use tests::call::{Bundled, SETTINGS, koohook, run};
use tests::world::NOW;

use super::super::{SECOND, kinds, notice_count};
use super::{V2_PURCHASE, buy, instance, v1_purchase};

/// V1 sends one purchase for each billing item: the same order with another product.
#[test]
fn each_billing_item_of_a_v1_order_is_an_instance() {
    for (mode, charging, kind) in [
        ("0", ChargingMode::PayPerUse, Some(UsageKind::PayPerUse)),
        ("5", ChargingMode::Package, Some(UsageKind::Package)),
    ] {
        let koohook = koohook(&SETTINGS);
        let products = ["P1", "P2", "P3"];
        let bought = || products.map(|it| buy(&koohook, Contract::V1, &v1_purchase(it, mode)));
        let ids = bought();
        assert_eq!(BTreeSet::from_iter(&ids).len(), 3, "{mode}");
        assert_eq!(bought(), ids, "a repeat has the same ID");
        for id in &ids {
            let instance = instance(&koohook, id);
            assert_eq!(instance.charging_mode.as_deref(), Some(mode));
            assert_eq!((instance.charging(), instance.usage_kind()), (Some(charging), kind));
            assert_eq!(notice_count(&koohook, id), 1, "{mode}");
        }
    }
}

#[test]
fn each_product_of_a_v2_order_line_is_an_instance_of_unknown_mode() {
    let koohook = koohook(&SETTINGS);
    let ids = ["P1", "P2"].map(|product| {
        let members = [&V2_PURCHASE[..], &[("productId", product), ("chargingMode", "0")]].concat();
        buy(&koohook, Contract::V2, &members)
    });
    assert_ne!(ids[0], ids[1]);
    for id in &ids {
        let instance = instance(&koohook, id);
        // V2 has no such member, so its meaning is unknown.
        assert_eq!((instance.charging(), instance.usage_kind()), (None, None));
    }
}

#[test]
fn other_charging_modes_have_no_usage() {
    for mode in ["1", "3", "7", "ON_DEMAND"] {
        let koohook = koohook(&SETTINGS);
        let ids = ["P1", "P2"].map(|it| buy(&koohook, Contract::V1, &v1_purchase(it, mode)));
        assert_eq!(ids[0], ids[1], "{mode}: one order is one instance");
        assert_eq!(instance(&koohook, &ids[0]).charging(), Some(ChargingMode::Other), "{mode}");
    }
}

/// The guides' tables do not name this member, so the product finds it under `other`.
#[test]
fn the_notice_of_a_package_contains_its_pay_per_use_instance() {
    let related = ("relatedInstanceId", "i-related");
    for (contract, members) in
        [(Contract::V1, v1_purchase("P1", "5")), (Contract::V2, V2_PURCHASE.to_vec())]
    {
        let koohook = koohook(&SETTINGS);
        let id = buy(&koohook, contract, &[&members[..], &[related]].concat());
        let kept = run(koohook.kept(&id)).unwrap();
        let data = &kept.outbox.waiting[0].data;
        assert_eq!(data["other"]["relatedInstanceId"], "i-related");
        let mode = data.get("chargingMode").and_then(|mode| mode.as_str());
        assert_eq!(mode, (contract == Contract::V1).then_some("5"));
    }
}

fn signed(koohook: &Bundled, members: &[(&str, &str)], time_stamp: &str) -> Answer {
    let request =
        simulator::v1::request(tests::call::ADDRESS, tests::call::BASE_KEY, time_stamp, members);
    run(koohook.reply(request.unwrap()))
}

/// `date` computed the seconds.
#[test]
fn an_instance_begins_in_the_second_in_which_its_purchase_was_signed() {
    for (time_stamp, began) in [
        ("20261005210900999", Some(1_791_234_540_000)),
        ("20200727073711903", Some(1_595_835_431_000)),
        // More than ten minutes ahead counts as now.
        ("20261005212927000", Some(NOW)),
        ("99999999999999", None),
    ] {
        let koohook = koohook(&SETTINGS);
        let purchase = v1_purchase("P1", "0");
        let answer = signed(&koohook, &purchase, time_stamp);
        let began_at = || {
            let id = answer.instance_id.as_deref().unwrap();
            instance(&koohook, id).began_at.map(UnixMillis::millis)
        };
        assert_eq!(began_at(), began, "{time_stamp}");
        let later = simulator::time::to_the_millisecond(NOW + 5 * SECOND);
        assert_eq!(signed(&koohook, &purchase, &later).code, "000000");
        assert_eq!(began_at(), began, "a repeat does not move the beginning");
    }
}

/// The marketplace freezes a pay-per-use instance if its buyer is in arrears.
#[test]
fn a_pay_per_use_instance_is_frozen_and_thawed() {
    let koohook = koohook(&SETTINGS);
    let id = buy(&koohook, Contract::V1, &v1_purchase("P1", "0"));
    let status = |status| {
        let members = [("activity", "instanceStatus"), ("instanceId", id.as_str()), status];
        koohook.world().pass(std::time::Duration::from_secs(1));
        assert_eq!(run(koohook.v1(&members)).code, "000000");
        instance(&koohook, &id)
    };
    let frozen = status(("instanceStatus", "FREEZE"));
    assert_eq!(frozen.state, InstanceState::Frozen(FreezeCause::Status));
    let thawed = status(("instanceStatus", "NORMAL"));
    assert_eq!(thawed.state, InstanceState::Active);
    assert_eq!(thawed.began_at, Some(UnixMillis::new(NOW)), "the life did not end meanwhile");
    let sent = [NoticeType::Created, NoticeType::Frozen, NoticeType::Thawed];
    assert_eq!(kinds(&koohook, &id), sent);
}
