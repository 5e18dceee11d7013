//! Sends signed calls to a koohook, and records which changes it acknowledged.

mod catalogue;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::entity::{Entity, Subject};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::host::MachineWorld;
use shell::repository::Repository;
use shell::seal::{Clear, Seal, SealKey};
use shell::store::{AnyStore, StoreSetting};
use shell::world::{Deadline, World};
use simulator::answer::{Answer, verify_body_sign};
use tokio::runtime::Runtime;

use crate::running::{KEY, SEAL_KEY};

/// The timeout of a test. Every load is much shorter.
const PATIENCE: Duration = Duration::from_mins(1);
/// The marketplace waits five seconds. koohook answers within four; the rest is for a busy machine.
pub const IN_TIME: Duration = Duration::from_secs(5);
/// The number of concurrent callers.
pub const CALLERS: usize = 4;

/// One order, with the answers of koohook. An answer `000000` is an acknowledged change.
#[derive(Clone, Debug, Default)]
pub struct LoadOrder {
    /// The order ID.
    pub id: String,
    /// The instance ID of the answer.
    pub instance_id: Option<String>,
    /// How many renewals were sent, with any answer.
    pub sent: u64,
    /// How many renewals were answered `000000`.
    pub acknowledged: u64,
}

/// The callers' counts of answers, and the sign to stop.
#[derive(Default)]
pub struct Load {
    /// How many answers were `000000`.
    pub settled: AtomicUsize,
    /// How many answers were `000005`.
    pub failed: AtomicUsize,
    enough: AtomicBool,
}

/// Ends the load when it is dropped, so that it also ends if the test fails.
struct Enough<'a>(&'a AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Load {
    /// Several concurrent callers create orders and renew each twice, while `disturb` runs. The load ends
    /// if koohook stops answering, or after `disturb`.
    pub fn run(&self, address: &str, prefix: &str, disturb: impl FnOnce()) -> Vec<LoadOrder> {
        thread::scope(|scope| {
            let caller = |number: usize| format!("{prefix}C{number}");
            let call = |number| scope.spawn(move || self.call(address, &caller(number)));
            let callers: Vec<_> = (0..CALLERS).map(call).collect();
            let enough = Enough(&self.enough);
            disturb();
            drop(enough);
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
        })
    }

    /// Waits for this many more answers `000000`.
    pub fn wait_for(&self, more: usize) {
        let begun = Instant::now();
        let until = self.settled.load(Ordering::SeqCst) + more;
        while self.settled.load(Ordering::SeqCst) < until {
            assert!(begun.elapsed() < PATIENCE, "koohook answers no call with 000000");
            thread::yield_now();
        }
    }

    fn call(&self, address: &str, prefix: &str) -> Vec<LoadOrder> {
        let mut made = Vec::new();
        for number in 0.. {
            let mut order = LoadOrder { id: format!("{prefix}N{number}"), ..LoadOrder::default() };
            let answered = self.call_order(address, &mut order);
            made.push(order);
            if answered.is_none() || self.enough.load(Ordering::SeqCst) {
                break;
            }
        }
        made
    }

    fn call_order(&self, address: &str, order: &mut LoadOrder) -> Option<()> {
        order.instance_id = self.settle(address, &new_instance(&order.id))?.instance_id;
        for renewal in 1..=2 {
            order.sent = renewal;
            let id = order.instance_id.clone().unwrap();
            self.settle(address, &refresh(&order.id, &id, renewal))?;
            order.acknowledged = renewal;
        }
        Some(())
    }

    /// Repeats a call after each `000005`, as the marketplace does, but without its pause.
    fn settle(&self, address: &str, members: &[(&'static str, String)]) -> Option<Answer> {
        loop {
            let answer = send(address, members)?;
            if answer.code == "000000" {
                self.settled.fetch_add(1, Ordering::SeqCst);
                return Some(answer);
            }
            assert_eq!(answer.code, "000005");
            self.failed.fetch_add(1, Ordering::SeqCst);
            if self.enough.load(Ordering::SeqCst) {
                return None;
            }
        }
    }
}

/// Reads the stored values from the store itself.
pub struct Watch {
    runtime: Runtime,
    world: MachineWorld<AnyStore>,
    seal: Seal,
}

impl Watch {
    /// Opens a store.
    pub fn open(setting: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let setting = StoreSetting::parse(setting).unwrap();
        let store = runtime.block_on(setting.open(false)).unwrap();
        let seal = Seal::new(Some(&SealKey::parse(SEAL_KEY).unwrap()), None, Clear::Allowed);
        Self { runtime, world: MachineWorld::new(store), seal }
    }

    /// The stored record of an instance.
    pub fn record(&self, id: &str) -> Option<EntityRecord> {
        let (world, seal) = (&self.world, &self.seal);
        let deadline = Deadline::after(world.elapsed(), Duration::from_secs(10));
        let repository = Repository::new(world, seal, Reader::Operator, deadline);
        let subject = Subject::Instance(InstanceId::parse(id).unwrap());
        self.runtime.block_on(repository.read(&subject)).unwrap().found.map(|found| found.record)
    }

    /// Whether the store has every acknowledged change of an order.
    pub fn has_acknowledged(&self, order: &LoadOrder) -> bool {
        let Some(id) = &order.instance_id else { return true };
        let Some(record) = self.record(id) else { return false };
        let notices = record.outbox.sequence;
        assert!(notices <= 1 + order.sent, "no change has two notices");
        expiry(&record) >= order.acknowledged && notices > order.acknowledged
    }

    /// Checks that the store has every acknowledged change of all orders.
    pub fn check_acknowledged(&self, orders: &[LoadOrder]) {
        for order in orders {
            assert!(self.has_acknowledged(order), "every acknowledged change exists: {order:?}");
        }
        self.check_catalogue();
    }

    /// Checks that the store has the instance of every acknowledged purchase.
    pub fn check_instances(&self, orders: &[LoadOrder]) {
        for order in orders {
            let id = order.instance_id.as_deref();
            assert!(id.is_none_or(|id| self.record(id).is_some()), "{order:?}");
        }
        self.check_catalogue();
    }

    /// Sends every call again. An interrupted change must be completed once, and every order must keep its
    /// one instance.
    pub fn complete(&self, address: &str, orders: &[LoadOrder]) {
        let mut named = BTreeMap::new();
        for order in orders {
            let again = settled(address, &new_instance(&order.id));
            let id = again.instance_id.unwrap();
            assert!(order.instance_id.as_ref().is_none_or(|known| *known == id));
            assert!(
                named.insert(id.clone(), &order.id).is_none(),
                "each order has its own instance"
            );
            for renewal in 1..=order.sent {
                settled(address, &refresh(&order.id, &id, renewal));
            }
            let record = self.record(&id).unwrap();
            assert_eq!(record.outbox.sequence, 1 + order.sent, "each change has one notice");
            assert_eq!(expiry(&record), order.sent);
        }
        self.check_catalogue();
    }
}

/// A call that must succeed.
pub fn settled(address: &str, members: &[(&'static str, String)]) -> Answer {
    let answer = send(address, members).unwrap();
    assert_eq!(answer.code, "000000");
    answer
}

/// The number of the renewal that set the expiry; 0 without a renewal.
fn expiry(record: &EntityRecord) -> u64 {
    let Entity::Instance(instance) = &record.entity else { panic!("the value is an instance") };
    let first = UnixMillis::from_utc_digits("20300101000000").unwrap().millis();
    instance.expires.map_or(0, |expires| (expires.millis() - first) / 86_400_000)
}

/// A purchase.
pub fn new_instance(order: &str) -> Vec<(&'static str, String)> {
    let line = format!("{order}-1");
    vec![
        ("activity", "newInstance".to_owned()),
        ("businessId", format!("B{}", now())),
        ("orderId", order.to_owned()),
        ("orderLineId", line),
    ]
}

fn refresh(order: &str, id: &str, renewal: u64) -> Vec<(&'static str, String)> {
    vec![
        ("activity", "refreshInstance".to_owned()),
        ("expireTime", format!("203001{:02}000000", renewal + 1)),
        ("instanceId", id.to_owned()),
        ("orderId", format!("{order}R{renewal}")),
        ("orderLineId", format!("{order}R{renewal}-1")),
        ("scene", "RENEWAL".to_owned()),
    ]
}

/// Sends one call. It is `None` without a whole answer. The test checks the signature of every answer.
pub fn send(address: &str, members: &[(&'static str, String)]) -> Option<Answer> {
    let members: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let body = simulator::v2::body(&members);
    let nonce = simulator::v2::sign(KEY, "0", "0", &body);
    let request = simulator::v2::request(address, KEY, &now().to_string(), &nonce, &body).unwrap();
    let mut response = ureq::run(request).ok()?;
    let body = response.body_mut().read_to_vec().ok()?;
    let response = response.map(|_| body);
    verify_body_sign(&response, KEY).unwrap();
    Some(Answer::read(&response).unwrap())
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
