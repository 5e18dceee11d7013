//! The relay deletes the unused parts of long lists, and no other part.

mod interrupted;

use std::time::Duration;

use domain::entity::{Entity, Subject};
use domain::kit_list::PartName;
use domain::outbox::Reader;
use domain::record::EntityRecord;
use domain::store_keys::part_key;
use protocol::message::TenantId;
use protocol::time::UnixMillis;
use shell::relay::Relay;
use shell::repository::{Repository, Written};
use shell::seal::{Clear, Seal};
use shell::store::{Queue, Store};
use shell::unused_parts::Swept;
use shell::world::{Deadline, World};
use tests::call::{Bundled, Koohook, PRODUCT_SECRET, run};
use tests::product::{READY, ScriptedProduct};
use tests::test_store::TestStore;
use tests::world::{NOW, TestWorld, Watched};

const KIT_KEY: &str = "constructed-kit-key-0002";
const HOUR: Duration = Duration::from_hours(1);

fn koohook() -> Bundled {
    let settings = [
        ("KOOHOOK_KIT_KEY", KIT_KEY),
        ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
        ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
        ("KOOHOOK_STORE", "memory:"),
    ];
    Koohook::serving(&[functions::ALL_ORG_SYNC], TestStore::new(), &settings)
}

/// Sends a list of `count` departments. Another name makes another list.
fn list(koohook: &Bundled, count: usize, name: &str) {
    let now = koohook.world().now_millis();
    let item = |code: usize| format!(r#"{{"orgCode":"{code}","orgName":"{name}"}}"#);
    let items: Vec<String> = (0..count).map(item).collect();
    let time = simulator::time::in_china(now);
    let body = format!(
        r#"{{"instanceId":"i","orgInfoList":[{}],"tenantId":"t","testFlag":0,"timeStamp":"{time}"}}"#,
        items.join(",")
    );
    let request = simulator::kit_v2::request(
        tests::call::ADDRESS,
        "allOrgSync",
        KIT_KEY,
        &now.to_string(),
        &format!("nonce-{now}"),
        body.as_bytes(),
    );
    let response = run(koohook.answer(request.unwrap()));
    assert_eq!(simulator::answer::Answer::read(&response).unwrap().code, "000000");
}

fn subject() -> Subject {
    let instance = protocol::message::InstanceId::parse("i").unwrap();
    Subject::Departments(Some(instance), TenantId::parse("t").unwrap())
}

fn with_repository<T>(
    world: &TestWorld<Watched<TestStore>>,
    work: impl AsyncFnOnce(&Repository<'_, TestWorld<Watched<TestStore>>>) -> T,
) -> T {
    let seal = Seal::new(None, None, Clear::Allowed);
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(4));
    let repository = Repository::new(world, &seal, Reader::Product, deadline);
    run(work(&repository))
}

fn swept(koohook: &Bundled) -> Swept {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap().swept
}

fn kept(koohook: &Bundled) -> EntityRecord {
    with_repository(koohook.world(), async |repository| {
        repository.read(&subject()).await.unwrap().found.map(|found| found.record).unwrap()
    })
}

fn parts(koohook: &Bundled) -> Vec<PartName> {
    let Entity::KitList(list) = kept(koohook).entity else { panic!("the record is not a list") };
    let outbox = kept(koohook).outbox;
    list.head.parts().into_iter().chain(outbox.waiting.iter().flat_map(|n| n.parts())).collect()
}

fn readable(koohook: &Bundled, names: Vec<PartName>) -> bool {
    let names = names.into_iter().collect();
    with_repository(koohook.world(), async |repository| {
        repository.read_parts(&subject().key(), names).await.unwrap().is_some()
    })
}

#[test]
fn the_relay_keeps_parts_in_use() {
    let koohook = koohook();
    list(&koohook, 1_500, "a");
    assert_eq!(swept(&koohook), Swept::default(), "no part is checked before an hour has passed");
    koohook.world().pass(HOUR);
    let named = parts(&koohook);
    assert_eq!(swept(&koohook), Swept { deleted: 0, kept: named.len() });
    assert!(readable(&koohook, named));
    let span = UnixMillis::EPOCH..=UnixMillis::new(NOW + 7_200_000);
    let due = koohook.store().agenda(Queue::Due, span, 99);
    let due: Vec<_> = run(due).unwrap().into_iter().filter(|e| e.key.starts_with("part")).collect();
    assert_eq!(due, [], "no part is checked twice");
}

#[test]
fn the_relay_deletes_the_parts_of_a_replaced_list() {
    let koohook = koohook();
    list(&koohook, 1_500, "a");
    let Entity::KitList(first) = kept(&koohook).entity else { panic!("the record is not a list") };
    koohook.world().pass(HOUR);
    list(&koohook, 1_500, "b");
    koohook.world().pass(HOUR);
    assert!(swept(&koohook).deleted >= first.head.parts().len());
    assert!(!readable(&koohook, first.head.parts().into_iter().collect()));
    let Entity::KitList(second) = kept(&koohook).entity else { panic!("the record is not a list") };
    assert!(second.unused.is_empty());
    assert!(readable(&koohook, parts(&koohook)));
}

#[test]
fn the_relay_deletes_the_part_of_an_interrupted_write_and_its_writer_loses() {
    let koohook = koohook();
    list(&koohook, 3, "a");
    let name = PartName::new([7; 16]);
    let owner = subject().key();
    let paused = with_repository(koohook.world(), async |repository| {
        let slot = repository.read(&subject()).await.unwrap();
        repository.write_parts(&owner, [(name, b"part".to_vec())].into()).await.unwrap();
        slot
    });
    koohook.world().pass(HOUR);
    assert_eq!(swept(&koohook).deleted, 1);
    assert!(!readable(&koohook, vec![name]));
    let late = with_repository(koohook.world(), async |repository| {
        let kept = paused.record().cloned().unwrap();
        repository.write(&paused, kept).await.unwrap()
    });
    assert!(matches!(late, Written::Lost(_)), "a writer that paused for an hour must read again");
}

#[test]
fn the_relay_deletes_a_part_whose_list_was_never_written() {
    let koohook = koohook();
    let (name, owner) = (PartName::new([7; 16]), subject().key());
    with_repository(koohook.world(), async |repository| {
        repository.write_parts(&owner, [(name, b"part".to_vec())].into()).await.unwrap();
    });
    koohook.world().pass(HOUR);
    assert_eq!(swept(&koohook).deleted, 1);
    koohook.world().pass(HOUR);
    assert_eq!(swept(&koohook), Swept::default());
    let gone = run(koohook.store().get(&part_key(&owner, name), UnixMillis::new(NOW + 7_200_000)));
    assert_eq!(gone.unwrap(), None, "a deleted part expires");
}

/// Without a product, koohook delivers no notice. The relay still deletes unused parts, even if the
/// list changes often.
#[test]
fn the_relay_deletes_unused_parts_of_a_busy_list_without_a_product() {
    let settings = [
        ("KOOHOOK_KIT_KEY", KIT_KEY),
        ("KOOHOOK_APP_INFO", tests::call::APP_INFO),
        ("KOOHOOK_STORE", "memory:"),
    ];
    let koohook = Koohook::serving(&[functions::ALL_ORG_SYNC], TestStore::new(), &settings);
    for name in ["a", "b", "c", "d"] {
        list(&koohook, 1_500, name);
        koohook.world().pass(Duration::from_mins(1));
        swept(&koohook);
        assert_eq!(unused(&koohook), 0);
    }
    koohook.world().pass(HOUR);
    swept(&koohook);
    let due = |queue| {
        let span = UnixMillis::EPOCH..=UnixMillis::MAX;
        run(koohook.store().inner().agenda(queue, span, 999)).unwrap()
    };
    assert_eq!((due(Queue::Due), due(Queue::Sweep)), (Vec::new(), Vec::new()));
}

/// Makes a list with `count` unused parts and a waiting notice, as a first synchronisation over a
/// slow store does.
fn crowded(koohook: &Bundled, count: u32) {
    list(koohook, 3, "a");
    with_repository(koohook.world(), async |repository| {
        let slot = repository.read(&subject()).await.unwrap();
        let mut kept = slot.record().cloned().unwrap();
        let Entity::KitList(list) = &mut kept.entity else { panic!("the record is not a list") };
        let name = |number: u32| {
            let mut name = [1; 16];
            name[..4].copy_from_slice(&number.to_be_bytes());
            PartName::new(name)
        };
        let names: Vec<_> = (0..count).map(name).collect();
        for names in names.chunks(64) {
            let parts = names.iter().map(|name| (*name, b"[]".to_vec())).collect();
            repository.write_parts(&subject().key(), parts).await.unwrap();
        }
        list.unused = names.into_iter().collect();
        assert!(matches!(repository.write(&slot, kept).await.unwrap(), Written::Won(_)));
    });
}

fn unused(koohook: &Bundled) -> usize {
    let Entity::KitList(list) = kept(koohook).entity else { panic!("the record is not a list") };
    list.unused.len()
}

/// Deliveries come first (decision E1a). The relay stores its progress after each batch, and
/// deletes all unused parts in several runs.
#[test]
fn the_notice_of_a_crowded_list_is_sent_before_its_unused_parts_are_deleted() {
    for budget in [4, 10, 60] {
        let koohook = koohook();
        crowded(&koohook, 3_000);
        let product = ScriptedProduct::of(koohook.world(), |_| READY);
        koohook.world().lag(Duration::from_millis(20));
        let mut left = vec![unused(&koohook)];
        while *left.last().unwrap() > 0 {
            let relay = Relay::new(koohook.endpoint.context(), Duration::from_secs(budget));
            let report = run(relay.run()).unwrap();
            assert_eq!(
                product.effects().len(),
                1,
                "the first run sends the notice, with {budget} s"
            );
            assert_eq!(report.troubled, 0);
            left.push(unused(&koohook));
            assert!(left.len() < 200, "the unused parts are never all deleted: {left:?}");
            koohook.world().pass(Duration::from_secs(1));
        }
        assert!(left.is_sorted_by(|a, b| a > b), "each run deletes some: {left:?}");
        assert!(left.len() > 2, "no run deletes all of them: {left:?}");
    }
}
