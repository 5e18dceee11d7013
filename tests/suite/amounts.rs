//! Amounts as Java writes them, and what a V1 refresh makes of each (decisions C3, D3, D4).
//!
//! What an amount says is Java's answer; see `vectors/amounts/MakeVectors.java`.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::entity::Entity;
use domain::instance::{FreezeCause, InstanceState};
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use tests::call::{Bundled, SETTINGS, koohook, run};
use tests::world::NOW;

const JAVA: &str = include_str!("../vectors/amounts/java.json");

/// When the frozen instance expires, and when the refresh says that it does.
const STANDING: u64 = NOW + 60_000;
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
        expired.refresh("R0", STANDING, Some("299"));
        let expire = [("activity", "expireInstance"), ("instanceId", expired.id.as_str())];
        assert_eq!(run(expired.koohook.v1(&expire)).code, "000000");
        assert_eq!(expired.state(), InstanceState::Frozen(FreezeCause::Expiry));
        expired
    }

    /// The same, another time.
    fn again(&self, kept: &EntityRecord) -> Self {
        let koohook = koohook(&SETTINGS);
        run(koohook.keep(&self.id, kept));
        Self { koohook, id: self.id.clone() }
    }

    fn kept(&self) -> EntityRecord {
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

    /// What a refresh with an earlier and one with a later expiry does, each on its own: the
    /// scene that the product learns of and what stands then, where anything changed.
    fn refreshed(&self, kept: &EntityRecord, amount: Option<&str>) -> [Option<Effect>; 2] {
        [EARLIER, LATER].map(|expires| {
            let expired = self.again(kept);
            expired.refresh("R1", expires, amount);
            expired.effect(kept, expires)
        })
    }

    fn effect(&self, before: &EntityRecord, expires: u64) -> Option<Effect> {
        let EntityRecord { entity, outbox, .. } = self.kept();
        let Entity::Instance(instance) = entity else { panic!("an instance stands") };
        if outbox.sequence == before.outbox.sequence {
            assert_eq!(instance.expires, Some(UnixMillis::new(STANDING)));
            assert_eq!(instance.state, InstanceState::Frozen(FreezeCause::Expiry));
            return None;
        }
        assert_eq!(instance.expires, Some(UnixMillis::new(expires)));
        let renewed = outbox.waiting.iter().rfind(|it| it.kind.as_str() == "instance.renewed");
        let scene = renewed.unwrap().data["scene"].as_str().unwrap().to_owned();
        Some(Effect { scene, thawed: instance.state == InstanceState::Active })
    }
}

#[derive(Debug, PartialEq)]
struct Effect {
    scene: String,
    thawed: bool,
}

fn effect(scene: &str, thawed: bool) -> Option<Effect> {
    Some(Effect { scene: scene.to_owned(), thawed })
}

/// What an earlier and a later expiry come to.
fn expected(read: &str) -> [Option<Effect>; 2] {
    match read {
        "positive" => [None, effect("renew", true)],
        "zero" | "absent" => [effect("renew", true), effect("renew", true)],
        "negative" => [effect("cancel", false), effect("cancel", false)],
        "unreadable" => [effect("renew", false), effect("renew", false)],
        other => panic!("{other} is no sign"),
    }
}

#[test]
fn an_amount_is_what_java_reads_in_it() {
    let expired = Expired::new();
    let kept = expired.kept();
    let java: BTreeMap<String, Vec<String>> = serde_json::from_str(JAVA).unwrap();
    assert_eq!(java.len(), 4);
    for (read, texts) in &java {
        assert!(texts.len() >= 100, "{read}");
        for text in texts {
            assert_eq!(expired.refreshed(&kept, Some(text)), expected(read), "{read} {text:?}");
        }
    }
}

#[test]
fn an_absent_amount_renews_and_thaws() {
    let expired = Expired::new();
    let kept = expired.kept();
    for amount in [None, Some(""), Some(" ")] {
        assert_eq!(expired.refreshed(&kept, amount), expected("absent"), "{amount:?}");
    }
}

/// A refresh that thaws nothing leaves the order of status calls alone (decision D5).
#[test]
fn a_freeze_from_before_an_unreadable_amount_is_not_too_late() {
    for (amount, is_frozen) in [("12.78x", true), ("12.78", false)] {
        let koohook = Expired::new();
        let thaw = [
            ("activity", "instanceStatus"),
            ("instanceId", koohook.id.as_str()),
            ("instanceStatus", "NORMAL"),
        ];
        run(koohook.koohook.v1(&thaw));
        let signed = koohook.koohook.world().now_millis();
        koohook.refresh("R1", LATER, Some(amount));
        let mut freeze = thaw;
        freeze[2].1 = "FREEZE";
        let request = tests::call::v1(signed, &freeze);
        assert_eq!(run(koohook.koohook.reply(request)).code, "000000");
        assert_eq!(koohook.state() != InstanceState::Active, is_frozen, "{amount}");
    }
}
