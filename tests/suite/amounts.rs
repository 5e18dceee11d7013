//! Amounts that Java can write, and what a V1 refresh does with each (decisions C3, D3, D4).
//!
//! The expected reading of each amount comes from Java: see `vectors/amounts/MakeVectors.java`.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::entity::Entity;
use domain::instance::{FreezeCause, InstanceState};
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use tests::call::{Bundled, SETTINGS, koohook, run};
use tests::world::NOW;

const JAVA: &str = include_str!("../vectors/amounts/java.json");

/// The expiry of the frozen instance. A refresh sets an earlier or a later one.
const EXPIRES: u64 = NOW + 60_000;
const EARLIER: u64 = NOW + 30_000;
const LATER: u64 = NOW + 90_000;

/// An instance that was renewed and then expired.
struct Expired {
    koohook: Bundled,
    id: String,
}

impl Expired {
    fn new() -> Self {
        let koohook = koohook(&SETTINGS);
        let purchase = [
            ("activity", "newInstance"),
            ("businessId", "b"),
            ("customerId", "c"),
            ("orderId", "CS1"),
            ("productId", "P1"),
        ];
        let id = run(koohook.v1(&purchase)).instance_id.unwrap();
        let expired = Self { koohook, id };
        expired.refresh("R0", EXPIRES, Some("299"));
        let expire = [("activity", "expireInstance"), ("instanceId", expired.id.as_str())];
        assert_eq!(run(expired.koohook.v1(&expire)).code, "000000");
        assert_eq!(expired.state(), InstanceState::Frozen(FreezeCause::Expiry));
        expired
    }

    /// A second koohook that stores the same record.
    fn copy(&self, record: &EntityRecord) -> Self {
        let koohook = koohook(&SETTINGS);
        run(koohook.keep(&self.id, record));
        Self { koohook, id: self.id.clone() }
    }

    fn record(&self) -> EntityRecord {
        run(self.koohook.kept(&self.id)).unwrap()
    }

    fn state(&self) -> InstanceState {
        run(self.koohook.instance(&self.id)).state
    }

    fn refresh(&self, order: &str, expires: u64, amount: Option<&str>) {
        self.koohook.world().pass(Duration::from_secs(1));
        let expires = simulator::time::to_the_millisecond(expires);
        let mut call = vec![
            ("activity", "refreshInstance"),
            ("orderId", order),
            ("instanceId", self.id.as_str()),
            ("expireTime", expires.as_str()),
        ];
        call.extend(amount.map(|amount| ("orderAmount", amount)));
        assert_eq!(run(self.koohook.v1(&call)).code, "000000", "{amount:?}");
    }

    /// The effects of a refresh with an earlier expiry and, separately, with a later one. An effect
    /// is the scene in the notice and whether the instance is unfrozen; `None` if nothing changed.
    fn refreshed(&self, record: &EntityRecord, amount: Option<&str>) -> [Option<Effect>; 2] {
        [EARLIER, LATER].map(|expires| {
            let expired = self.copy(record);
            expired.refresh("R1", expires, amount);
            expired.effect(record, expires)
        })
    }

    fn effect(&self, before: &EntityRecord, expires: u64) -> Option<Effect> {
        let EntityRecord { entity, outbox, .. } = self.record();
        let Entity::Instance(instance) = entity else {
            panic!("the stored entity is not an instance")
        };
        if outbox.sequence == before.outbox.sequence {
            assert_eq!(instance.expires, Some(UnixMillis::new(EXPIRES)));
            assert_eq!(instance.state, InstanceState::Frozen(FreezeCause::Expiry));
            return None;
        }
        assert_eq!(instance.expires, Some(UnixMillis::new(expires)));
        let renewed = outbox.waiting.iter().rfind(|it| it.kind.as_str() == "instance.renewed");
        let scene = renewed.unwrap().data["scene"].as_str().unwrap().to_owned();
        Some(Effect { scene, unfrozen: instance.state == InstanceState::Active })
    }
}

#[derive(Debug, PartialEq)]
struct Effect {
    scene: String,
    unfrozen: bool,
}

fn effect(scene: &str, unfrozen: bool) -> Option<Effect> {
    Some(Effect { scene: scene.to_owned(), unfrozen })
}

/// The effects of an earlier and of a later expiry.
fn expected(read: &str) -> [Option<Effect>; 2] {
    match read {
        "positive" => [None, effect("renew", true)],
        "zero" | "absent" => [effect("renew", true), effect("renew", true)],
        "negative" => [effect("cancel", false), effect("cancel", false)],
        "unreadable" => [effect("renew", false), effect("renew", false)],
        other => panic!("{other} is not a known reading"),
    }
}

#[test]
fn koohook_reads_an_amount_as_java_does() {
    let expired = Expired::new();
    let record = expired.record();
    let java: BTreeMap<String, Vec<String>> = serde_json::from_str(JAVA).unwrap();
    assert_eq!(java.len(), 4);
    for (read, texts) in &java {
        assert!(texts.len() >= 100, "{read}");
        for text in texts {
            assert_eq!(expired.refreshed(&record, Some(text)), expected(read), "{read} {text:?}");
        }
    }
}

#[test]
fn an_absent_amount_renews_and_unfreezes() {
    let expired = Expired::new();
    let record = expired.record();
    for amount in [None, Some(""), Some(" ")] {
        assert_eq!(expired.refreshed(&record, amount), expected("absent"), "{amount:?}");
    }
}

/// A refresh that does not unfreeze must not block an earlier status call (decision D5).
#[test]
fn a_freeze_signed_before_an_unreadable_amount_is_still_carried_out() {
    for (amount, is_frozen) in [("12.78x", true), ("12.78", false)] {
        let koohook = Expired::new();
        let unfreeze = [
            ("activity", "instanceStatus"),
            ("instanceId", koohook.id.as_str()),
            ("instanceStatus", "NORMAL"),
        ];
        run(koohook.koohook.v1(&unfreeze));
        let signed = koohook.koohook.world().now_millis();
        koohook.refresh("R1", LATER, Some(amount));
        let mut freeze = unfreeze;
        freeze[2].1 = "FREEZE";
        let request = tests::call::v1(signed, &freeze);
        assert_eq!(run(koohook.koohook.reply(request)).code, "000000");
        assert_eq!(koohook.state() != InstanceState::Active, is_frozen, "{amount}");
    }
}
