//! What a network does to a callback's exchanges with its store: requests and replies cut after
//! every byte, and lives of purchases under faults that chance draws. Real doors, on a real
//! runtime and clock, over a real server at the end of a [`FaultProxy`]; what stands is read past it.
//!
//! `KOOHOOK_FAULT_SEEDS` says how many runs chance draws, and each failure prints its seed;
//! `KOOHOOK_FAULT_PLACES=all` cuts every call in every place.

mod by_chance;
mod cuts;
mod late;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use domain::entity::{Entity, Subject};
use domain::instance::Instance;
use domain::record::EntityRecord;
use http::Request;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::endpoint::callbacks::BUDGET;
use shell::host::MachineEndpoint;
use shell::store::Store;
use shell::world::{Deadline, World};
use simulator::answer::{Answer, verify_body_sign};
use tests::call::{BASE_KEY, SETTINGS, config, v2};
use tests::fault_proxy::{Exchange, FaultProxy};
use tests::servers::{self, Server, run};

use crate::lifecycle::{CALLBACKS, named};

/// What an answer may be late by on a machine that is busy with tests.
const MARGIN: Duration = Duration::from_secs(1);
/// What seals where the store is beyond this machine.
const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// What is short enough to be cut in every way in every place.
const SHORT: usize = 32;
/// How many runs chance draws where nobody says.
const SEEDS: u64 = 2;
const PURCHASE: &str = "V2 newInstance";
const RENEWAL: &str = "V2 refreshInstance RENEWAL";
const FREEZE: &str = "V2 updateInstanceStatus FREEZE";
const THAW: &str = "V2 updateInstanceStatus UNFREEZE";
const RELEASE: &str = "V2 releaseInstance";
/// Calls that change an instance, and its state after them.
const CHANGES: [(&str, &str); 4] =
    [(PURCHASE, "ready"), (RENEWAL, "ready"), (FREEZE, "frozen by status"), (RELEASE, "released")];

type Koohook = MachineEndpoint;

/// A store in a server, and a koohook right beside it.
struct Place {
    setting: String,
    beside: Koohook,
}

/// A koohook at the other end of a way.
struct Host {
    way: FaultProxy,
    koohook: Koohook,
}

/// What stands of a purchase, as far as a call of [`CHANGES`] makes a difference.
#[derive(Clone, Debug, PartialEq)]
struct Standing {
    state: String,
    expires: Option<UnixMillis>,
    told: u64,
}

impl Place {
    /// A place in a server that knows its scripts, if there is one.
    fn new(server: Server) -> Option<Self> {
        let setting = servers::setting(server)?;
        let place = Self { beside: open(&setting), setting };
        // Whoever buys tells the script, and whoever looks puts the store's mark.
        let order = place.order_for(RENEWAL);
        place.kept(&order);
        Some(place)
    }

    /// A koohook whose way to the server is the test's; it has read the store's mark.
    fn host(&self) -> Host {
        let (way, along) = FaultProxy::before(&self.setting);
        let koohook = open(&along);
        let deadline = Deadline::after(koohook.context().world.elapsed(), BUDGET);
        run(koohook.context().repository(deadline).prove_keys()).unwrap();
        Host { way, koohook }
    }

    /// An order that nobody else has; bought already where a call is about what was.
    fn order_for(&self, name: &str) -> String {
        let order = fresh_order();
        if name != PURCHASE {
            let bought = signed(now(), &members(PURCHASE, &order, ""));
            assert_eq!(code(&self.beside, &bought), "000000");
        }
        order
    }

    /// Has the server forget its scripts, as a start does.
    fn forget_scripts(&self) {
        let client = redis::Client::open(self.setting.split('?').next().unwrap()).unwrap();
        let mut connection = client.get_connection().unwrap();
        redis::cmd("SCRIPT").arg("FLUSH").exec(&mut connection).unwrap();
    }

    /// What is kept of a purchase.
    fn kept(&self, order: &str) -> Option<EntityRecord> {
        let context = self.beside.context();
        let deadline = Deadline::after(context.world.elapsed(), BUDGET);
        run(context.repository(deadline).read(&Subject::Instance(id_of(order))))
            .unwrap()
            .found
            .map(|found| found.record)
    }

    /// I6: of the notices that there ever were, none is missing and none is there twice.
    fn standing(&self, order: &str) -> Standing {
        let kept = self.kept(order);
        if let Some(EntityRecord { outbox, .. }) = &kept {
            let sequences = outbox.waiting.iter().map(|notice| notice.sequence());
            assert!(sequences.eq(1..=outbox.sequence), "I6: {outbox:?}");
        }
        Standing {
            state: named(kept.as_ref()),
            expires: kept.as_ref().and_then(|kept| instance(kept).expires),
            told: kept.as_ref().map_or(0, |kept| kept.outbox.sequence),
        }
    }
}

impl Host {
    /// Has a connection stand; so the next exchange is a callback's.
    fn connect(&self) {
        self.way.pass();
        run(self.koohook.world().store().get("nothing", now())).unwrap();
        self.way.pass();
    }
}

fn open(setting: &str) -> Koohook {
    let own = [("KOOHOOK_STORE", setting), ("KOOHOOK_SEAL_KEY", SEAL_KEY)];
    run(shell::host::open(config(&[&SETTINGS[..], &own].concat()), &functions::BASE, false))
        .unwrap()
}

fn instance(kept: &EntityRecord) -> &Instance {
    match &kept.entity {
        Entity::Instance(instance) => instance,
        other => panic!("no instance: {other:?}"),
    }
}

fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixMillis::new(u64::try_from(since.as_millis()).unwrap())
}

/// An order that nobody else has; as long as all others.
fn fresh_order() -> String {
    static DRAWN: AtomicUsize = AtomicUsize::new(0);
    format!("F{:08}", DRAWN.fetch_add(1, Ordering::SeqCst))
}

/// The ID of what an order bought.
fn id_of(order: &str) -> InstanceId {
    domain::instance::id::derive(order, Some(&format!("{order}-1")), None)
}

/// The members of a call about what an order bought; a later call has an order of its own.
fn members(name: &str, order: &str, later: &str) -> Vec<(&'static str, String)> {
    let callback = CALLBACKS.iter().find(|callback| callback.name == name).unwrap();
    let own = if name == PURCHASE { order } else { later };
    let filled = |(member, value): (&'static str, &str)| match member {
        "orderId" => (member, own.to_owned()),
        "orderLineId" => (member, format!("{own}-1")),
        _ => (member, value.to_owned()),
    };
    let mut members: Vec<_> =
        callback.members.iter().map(|(member, value)| filled((member, value))).collect();
    for (member, value) in &mut members {
        if *member == "instanceId" {
            *value = id_of(order).to_string();
        }
    }
    members
}

fn signed(at: UnixMillis, members: &[(&'static str, String)]) -> Request<Vec<u8>> {
    let members: Vec<_> = members.iter().map(|(name, value)| (*name, value.as_str())).collect();
    v2(at.millis(), &members)
}

/// Delivers a call, and holds the answer to its form and its time.
fn deliver(koohook: &Koohook, request: &Request<Vec<u8>>) -> Answer {
    let begun = Instant::now();
    let response = run(koohook.answer(request.clone().map(Bytes::from)));
    let took = begun.elapsed();
    assert!(took < BUDGET + MARGIN, "G2: {took:?}");
    let response = response.map(|body| body.to_vec());
    verify_body_sign(&response, BASE_KEY).expect("every answer is signed");
    Answer::read(&response).expect("every answer is as the guide says")
}

fn code(koohook: &Koohook, request: &Request<Vec<u8>>) -> String {
    deliver(koohook, request).code
}

// Counted.

/// A call's exchanges, on a connection that stands.
fn exchanges(host: &Host, request: &Request<Vec<u8>>, right: &str) -> Vec<Exchange> {
    host.connect();
    assert_eq!(code(&host.koohook, request), right);
    host.way.exchanges()
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are there to be read")]
fn a_change_is_two_exchanges_a_repeat_one_and_a_rehearsal_or_a_refusal_none() {
    let Some(place) = Place::new(Server::Redis) else { return };
    let host = place.host();
    let order = fresh_order();
    println!("{:<32}{:>9}{:>9}  bytes each", "", "change", "repeat");
    for (name, _) in CHANGES {
        let members = members(name, &order, "L1");
        let at = now();
        let change = exchanges(&host, &signed(at, &members), "000000");
        let repeat = exchanges(&host, &signed(at, &members), "000000");
        println!("{name:<32}{:>9}{:>9}  {change:?}", change.len(), repeat.len());
        assert_eq!((change.len(), repeat.len()), (2, 1), "{name}");
        let rehearsal = [&members[..], &[("testFlag", "1".to_owned())]].concat();
        assert_eq!(exchanges(&host, &signed(at, &rehearsal), "000000"), [], "{name}");
        let mut forged = signed(at, &members);
        forged.body_mut().splice(1..1, *br#""other":1,"#);
        assert_eq!(exchanges(&host, &forged, "000001"), [], "{name}");
        let old = UnixMillis::new(at.millis() - 70_000);
        assert_eq!(exchanges(&host, &signed(old, &members), "000002"), [], "{name}");
    }
    let query = members("V2 queryInstance", &fresh_order(), "L1");
    assert_eq!(exchanges(&host, &signed(now(), &query), "000003").len(), 2, "remembers, and looks");
    let unknown = members(FREEZE, "of nobody", "L1");
    assert_eq!(exchanges(&host, &signed(now(), &unknown), "000003").len(), 1);
}
