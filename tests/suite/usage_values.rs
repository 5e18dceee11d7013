//! The stored values of usage: how they are read, written, and put on their agenda.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::outbox::Reader;
use domain::record::RecordError;
use domain::usage::InstanceUsage;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::reindex::{Reindexed, reindex};
use shell::repository::{RecordUpdate, Repository, StoredRecord, UsageUpdate, Written};
use shell::seal::{Clear, Seal, SealKey};
use shell::store::memory::Memory;
use shell::store::{Entry, Put, Queue, Scan, ScannedValue, Store, Stored, Value, Version};
use shell::world::{Deadline, World};
use tests::call::run;
use tests::world::{NOW, StoreFault, TestWorld, Watched};

const NOON: UnixMillis = UnixMillis::new(NOW);

/// The first 24 bytes of SHA-256 over the parts `usage` and `i-1`, each with its length before it, as
/// Python computed them.
const KEY: &str = "usage:3aa5f620e2dbc57d9e7756973fb88725636d1123ab058d26";

/// A window of a quarter hour that waits: it ended at 1795000900, and is due ten minutes later.
const WAITS: &str = r#"[1795000000,900,"1.5",0,0,[5,600,null,null,0,0,0]]"#;
const DUE: UnixMillis = UnixMillis::new(1_795_001_500_000);

/// A window that was sent. It may be deleted 20 days, 20 hours and a half after its end.
const SENT: &str = r#"[1795000000,900,"1.5",0,0,"s"]"#;
const FORGET: UnixMillis = UnixMillis::new(1_796_802_700_000);

type UsageWorld = TestWorld<Watched<Memory>>;

fn instance() -> InstanceId {
    InstanceId::parse("i-1").unwrap()
}

fn bytes(id: &str, windows: &str) -> Vec<u8> {
    format!(r#"{{"schema":1,"instanceId":"{id}","windows":[{windows}],"forgotten":"0"}}"#)
        .into_bytes()
}

fn usage(windows: &str) -> InstanceUsage {
    InstanceUsage::from_bytes(&bytes("i-1", windows)).unwrap()
}

fn seal() -> Seal {
    let key = SealKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    Seal::new(Some(&key), None, Clear::Allowed)
}

fn repository<'a>(world: &'a UsageWorld, seal: &'a Seal) -> Repository<'a, UsageWorld> {
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(1));
    Repository::new(world, seal, Reader::Product, deadline)
}

fn scanned(world: &UsageWorld) -> ScannedValue {
    let page = run(world.store().inner().scan(None, 10)).unwrap();
    page.values.into_iter().find(|value| value.key == KEY).unwrap()
}

fn on_agenda(world: &UsageWorld, queue: Queue) -> Vec<Entry> {
    run(world.store().agenda(queue, UnixMillis::EPOCH..=UnixMillis::MAX, 9)).unwrap()
}

/// Puts unencrypted bytes under the key of the instance.
fn put(world: &UsageWorld, bytes: &[u8], agenda: Option<(Queue, UnixMillis)>) {
    let bytes = [b"\0", bytes].concat();
    let value = Value { version: Version([7; 16]), bytes, agenda, ..Value::default() };
    assert_eq!(run(world.store().inner().put(KEY, &value, None, NOON)), Ok(Put::Won));
}

fn write(usage: &InstanceUsage) -> Result<UsageUpdate<()>, Failure> {
    Ok(RecordUpdate::Write(usage.clone(), ()))
}

#[test]
fn usage_is_sealed_under_its_own_key_and_is_on_its_own_agenda() {
    let (world, seal) = (TestWorld::watched(Memory::new()), seal());
    let repository = repository(&world, &seal);
    let absent = run(repository.read_usage(&instance())).unwrap();
    assert_eq!((absent.key.as_str(), absent.record()), (KEY, None));
    let written = run(repository.write_usage(&absent, usage(WAITS)));
    assert!(matches!(written, Ok(Written::Won(_))));
    assert_eq!(run(repository.read_usage(&instance())).unwrap().record(), Some(&usage(WAITS)));
    assert_eq!(on_agenda(&world, Queue::Usage), [Entry { key: KEY.to_owned(), at: DUE }]);
    let found = scanned(&world);
    assert_eq!((found.catalogue, found.expires), (None, None));
    assert!(Seal::is_sealed(&found.bytes));
    assert!(!found.bytes.windows(3).any(|bytes| bytes == b"i-1"));
    // What was sent is due only to be deleted. An empty value is never due.
    for (windows, expected) in [(SENT, Some(FORGET)), ("", None)] {
        let slot = run(repository.read_usage_key(KEY.to_owned())).unwrap();
        run(repository.update_usage(slot, |_| write(&usage(windows)))).unwrap();
        assert_eq!(scanned(&world).agenda, expected.map(|at| (Queue::Usage, at)), "{windows}");
    }
    assert_eq!(
        [Queue::Due, Queue::Dead, Queue::Sweep].map(|it| on_agenda(&world, it).len()),
        [0; 3]
    );
}

#[test]
fn a_lost_race_is_decided_again_on_the_value_that_won() {
    let (world, seal) = (TestWorld::watched(Memory::new()), seal());
    let repository = repository(&world, &seal);
    let slot = run(repository.read_usage(&instance())).unwrap();
    run(repository.write_usage(&slot, usage(""))).unwrap();
    let faster = usage(SENT);
    let decisions = Cell::new(0);
    let updated = run(repository.update_usage(slot.clone(), |slot| {
        decisions.set(decisions.get() + 1);
        if decisions.get() == 2 {
            assert_eq!(slot.record(), Some(&usage("")));
            let other = run(repository.read_usage(&instance())).unwrap();
            run(repository.write_usage(&other, faster.clone())).unwrap();
        }
        match slot.record() {
            Some(stored) if *stored == faster => Ok::<_, Failure>(RecordUpdate::Leave("left")),
            Some(_) | None => Ok(RecordUpdate::Write(usage(WAITS), "written")),
        }
    }));
    let updated = updated.unwrap();
    assert_eq!(
        (updated.decided, updated.slot.record(), decisions.get()),
        ("left", Some(&faster), 3)
    );
    assert_eq!(InstanceUsage::from_bytes(&open(&world, &seal)).unwrap(), faster);
    // One try, as the relay takes a value.
    let Ok(Written::Lost(stands)) = run(repository.write_usage(&slot, usage(WAITS))) else {
        panic!("the version that was read is an old one")
    };
    assert_eq!(stands.record(), Some(&faster));
}

/// The decrypted bytes of the stored value.
fn open(world: &UsageWorld, seal: &Seal) -> Vec<u8> {
    seal.open(KEY, &scanned(world).bytes).unwrap()
}

#[test]
fn a_value_that_others_write_again_and_again_is_contended() {
    let (world, seal) = (TestWorld::watched(Memory::new()), seal());
    let repository = repository(&world, &seal);
    let slot = run(repository.read_usage(&instance())).unwrap();
    let updated = run(repository.update_usage(slot, |_| {
        let other = run(repository.read_usage(&instance())).unwrap();
        run(repository.write_usage(&other, usage(SENT))).unwrap();
        write(&usage(WAITS))
    }));
    assert!(matches!(updated, Err(Failure::Contended)));
    assert_eq!(InstanceUsage::from_bytes(&open(&world, &seal)).unwrap(), usage(SENT));
}

#[test]
fn a_write_without_a_reply_is_repeated_and_recognised() {
    let seal = Seal::new(None, None, Clear::Allowed);
    for faults in [
        vec![StoreFault::ReplyLost],
        vec![StoreFault::Refused, StoreFault::ReplyLost],
        vec![StoreFault::Refused, StoreFault::Refused],
    ] {
        let world = TestWorld::watched(Memory::new());
        let repository = repository(&world, &seal);
        let slot = run(repository.read_usage(&instance())).unwrap();
        world.store().plan(faults.clone());
        let decisions = Cell::new(0);
        run(repository.update_usage(slot, |_| {
            decisions.set(decisions.get() + 1);
            write(&usage(WAITS))
        }))
        .unwrap();
        assert_eq!(decisions.get(), 1, "{faults:?}");
        assert_eq!(world.store().take_counts(), (1, faults.len() + 1));
        let counts = &repository.counts;
        let counted = [&counts.reads, &counts.writes].map(|it| it.load(Ordering::SeqCst));
        assert_eq!(counted, [1, 1], "a repeated write is one write of the call log");
    }
    let world = TestWorld::watched(Memory::new());
    let repository = repository(&world, &seal);
    let slot = run(repository.read_usage(&instance())).unwrap();
    world.store().plan([StoreFault::Refused; 3]);
    let updated = run(repository.update_usage(slot, |_| write(&usage(WAITS))));
    assert!(matches!(updated, Err(Failure::StoreUnavailable)));
}

/// Otherwise the usage would be billed to another customer, or accepted a second time.
#[test]
fn an_unusable_value_is_neither_used_nor_replaced() {
    let seal = Seal::new(None, None, Clear::Allowed);
    let newer = br#"{"schema":2,"instanceId":"i-1"}"#.to_vec();
    for (bytes, expected) in [
        (bytes("i-2", WAITS), RecordError::Unreadable),
        (b"{}".to_vec(), RecordError::Unreadable),
        (br#"{"schema":1,"entity":{"movedTo":"i-1"}}"#.to_vec(), RecordError::Unreadable),
        (newer, RecordError::NewerSchema),
    ] {
        let world = TestWorld::watched(Memory::new());
        put(&world, &bytes, None);
        let repository = repository(&world, &seal);
        let read = run(repository.read_usage(&instance()));
        assert_eq!(read.map(drop), Err(Failure::Value(expected)));
        let checked = run(reindex(&repository, vec![scanned(&world)]));
        assert_eq!(checked, [Err(Failure::Value(expected))]);
        assert_eq!(scanned(&world).version, Version([7; 16]));
    }
}

#[test]
fn a_reindex_writes_the_agenda_entry_that_usage_lacks() {
    let seal = Seal::new(None, None, Clear::Allowed);
    let early = UnixMillis::new(DUE.millis() - 1);
    for (windows, agenda, right) in [
        (WAITS, None, Some((Queue::Usage, DUE))),
        (WAITS, Some((Queue::Usage, early)), Some((Queue::Usage, DUE))),
        (WAITS, Some((Queue::Due, DUE)), Some((Queue::Usage, DUE))),
        (SENT, None, Some((Queue::Usage, FORGET))),
        ("", Some((Queue::Usage, DUE)), None),
    ] {
        let world = TestWorld::watched(Memory::new());
        put(&world, &bytes("i-1", windows), agenda);
        let repository = repository(&world, &seal);
        let checked = |expected| {
            let checked = run(reindex(&repository, vec![scanned(&world)]));
            assert_eq!(checked, [Ok(expected)], "{windows}");
        };
        checked(Reindexed::Written);
        let found = scanned(&world);
        assert_eq!(found.agenda, right, "{windows}");
        assert_eq!(found.bytes, [b"\0", &*bytes("i-1", windows)].concat(), "nothing else changes");
        checked(Reindexed::Right);
        assert_eq!(scanned(&world), found, "a second run writes nothing");
    }
}

/// The writer that was faster wrote the entry with its value.
#[test]
fn a_reindex_does_not_undo_a_faster_write() {
    let seal = Seal::new(None, None, Clear::Allowed);
    let world = TestWorld::watched(Memory::new());
    put(&world, &bytes("i-1", WAITS), None);
    let before = scanned(&world);
    let repository = repository(&world, &seal);
    let slot = run(repository.read_usage(&instance())).unwrap();
    run(repository.write_usage(&slot, usage(SENT))).unwrap();
    let faster = scanned(&world);
    assert_eq!(run(reindex(&repository, vec![before])), [Ok(Reindexed::Right)]);
    assert_eq!(scanned(&world), faster);
}

/// A record of a fixed key, as the relay keeps one about the marketplace.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Noted(Vec<u8>);

impl StoredRecord for Noted {
    type Parts = ();

    fn parse(key: &str, bytes: &[u8]) -> Result<Self, RecordError> {
        if key == "noted" { Ok(Self(bytes.to_vec())) } else { Err(RecordError::Unreadable) }
    }

    fn bytes(&self) -> Result<Vec<u8>, RecordError> {
        Ok(self.0.clone())
    }
}

#[test]
fn a_record_of_another_type_is_sealed_and_on_no_agenda() {
    let (world, seal) = (TestWorld::watched(Memory::new()), seal());
    let repository = repository(&world, &seal);
    let slot = run(repository.read_record::<Noted>("noted".to_owned())).unwrap();
    assert!(slot.record().is_none());
    let noted = Noted(b"believed".to_vec());
    let Ok(Written::Won(slot)) = run(repository.write(&slot, noted.clone())) else { panic!() };
    let next = run(repository.update_record(slot, |slot| {
        assert_eq!(slot.record(), Some(&noted));
        Ok::<_, Failure>(RecordUpdate::Write(Noted(Vec::new()), ()))
    }));
    assert_eq!(next.unwrap().slot.record(), Some(&Noted(Vec::new())));
    let Stored { bytes, .. } = run(world.store().get("noted", NOON)).unwrap().unwrap();
    assert!(Seal::is_sealed(&bytes));
    assert_eq!(Queue::ALL.map(|queue| on_agenda(&world, queue).len()), [0; 4]);
}
