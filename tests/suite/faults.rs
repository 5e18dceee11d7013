//! Network faults between callbacks and their store: requests and replies that are cut after every
//! byte, and scenarios under random faults. The endpoints, the runtime and the clock are real. The
//! server is real, too, behind a [`FaultProxy`]. The tests read the stored values directly.
//!
//! `KOOHOOK_FAULT_SEEDS` is the number of random runs. Each failure prints its seed.
//! `KOOHOOK_FAULT_PLACES=all` cuts every call in every place.

mod by_chance;
mod cuts;
mod late;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use domain::catalogue::CatalogueEntry;
use domain::entity::{Entity, Subject};
use domain::instance::Instance;
use domain::record::EntityRecord;
use http::Request;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::endpoint::callbacks::BUDGET;
use shell::host::MachineEndpoint;
use shell::store::{CatalogueItem, CataloguePlace, Store};
use shell::world::{Deadline, World};
use simulator::answer::{Answer, verify_body_sign};
use tests::call::{BASE_KEY, SETTINGS, config, v2};
use tests::catalogue_check::check_catalogue;
use tests::fault_proxy::{Exchange, FaultProxy};
use tests::servers::{self, Server, run};

use crate::lifecycle::{CALLBACKS, named};

/// The lateness that is allowed for an answer, because tests keep the machine busy.
const MARGIN: Duration = Duration::from_secs(1);
/// The seal key, which a store on a server requires.
const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The test cuts a request or reply of at most this length after every byte and in every way.
const SHORT: usize = 32;
/// How many times a test reads a value and its entry while other callers write.
const READS: usize = 1_000;
/// The number of random runs if `KOOHOOK_FAULT_SEEDS` is not set.
const SEEDS: u64 = 2;
const PURCHASE: &str = "V2 newInstance";
const RENEWAL: &str = "V2 refreshInstance RENEWAL";
const FREEZE: &str = "V2 updateInstanceStatus FREEZE";
const UNFREEZE: &str = "V2 updateInstanceStatus UNFREEZE";
const RELEASE: &str = "V2 releaseInstance";
/// Calls that change an instance, and its state after them.
const CHANGES: [(&str, &str); 4] =
    [(PURCHASE, "ready"), (RENEWAL, "ready"), (FREEZE, "frozen by status"), (RELEASE, "released")];

type Koohook = MachineEndpoint;

/// A store in a server, and a koohook that is connected to it directly.
struct Place {
    setting: String,
    direct: Koohook,
}

/// A koohook that is connected to the server through a fault proxy.
struct Host {
    proxy: FaultProxy,
    koohook: Koohook,
}

/// The part of a stored purchase that the calls of [`CHANGES`] change.
#[derive(Clone, Debug, PartialEq)]
struct Stored {
    state: String,
    expires: Option<UnixMillis>,
    notices: u64,
}

impl Place {
    /// A store in a server that has the scripts loaded, if there is such a server.
    fn new(server: Server) -> Option<Self> {
        let setting = servers::setting(server)?;
        let place = Self { direct: open(&setting), setting };
        // The purchase loads the script, and the read stores the store's mark.
        let order = place.order_for(RENEWAL);
        place.kept(&order);
        Some(place)
    }

    /// A koohook behind a new fault proxy. It has read the store's mark.
    fn host(&self) -> Host {
        let (proxy, address) = FaultProxy::before(&self.setting);
        let koohook = open(&address);
        let deadline = Deadline::after(koohook.context().world.elapsed(), BUDGET);
        run(koohook.context().repository(deadline).prove_keys()).unwrap();
        Host { proxy, koohook }
    }

    /// A new order. It is already bought if the call is about an existing purchase.
    fn order_for(&self, name: &str) -> String {
        let order = fresh_order();
        if name != PURCHASE {
            let bought = signed(now(), &members(PURCHASE, &order, ""));
            assert_eq!(code(&self.direct, &bought), "000000");
        }
        order
    }

    /// Makes the server forget its scripts, as a restart does.
    fn forget_scripts(&self) {
        let client = redis::Client::open(self.setting.split('?').next().unwrap()).unwrap();
        let mut connection = client.get_connection().unwrap();
        redis::cmd("SCRIPT").arg("FLUSH").exec(&mut connection).unwrap();
    }

    /// The stored record of a purchase.
    fn kept(&self, order: &str) -> Option<EntityRecord> {
        let context = self.direct.context();
        let deadline = Deadline::after(context.world.elapsed(), BUDGET);
        run(context.repository(deadline).read(&Subject::Instance(id_of(order))))
            .unwrap()
            .found
            .map(|found| found.record)
    }

    /// A stored record with its entry in the catalogue, as one write left them.
    fn kept_with_entry(&self, order: &str) -> Option<EntityRecord> {
        let store = self.direct.world().store();
        let key = Subject::Instance(id_of(order)).key();
        for _ in 0..READS {
            let kept = self.kept(order);
            let entry = kept.as_ref().and_then(|kept| kept.catalogue(UnixMillis::EPOCH));
            let Some(CatalogueEntry { list, changed, order: digest }) = entry else { return kept };
            let next = UnixMillis::new(changed.millis() + 1);
            let after = CataloguePlace { changed: next, key: String::new() };
            let items = run(store.catalogue(list, Some(&after), 100)).unwrap();
            let item = CatalogueItem { key: key.clone(), changed, order: digest };
            if items.contains(&item) {
                return kept;
            }
            // Another caller may have written between the two reads.
            assert_ne!(self.kept(order), kept, "invariant 21: {entry:?} is not in its list");
        }
        panic!("other callers never stop");
    }

    /// Checks invariant 21 for all values.
    fn check_catalogue(&self) {
        let seal = &self.direct.context().settings.seal;
        let found = run(check_catalogue(self.direct.world().store(), seal));
        assert!(found > 0, "a check of nothing shows nothing");
    }

    /// The stored part of a purchase. Checks invariant 6, no notice is missing or repeated, and
    /// invariant 21.
    fn stored(&self, order: &str) -> Stored {
        let kept = self.kept_with_entry(order);
        if let Some(EntityRecord { outbox, .. }) = &kept {
            let sequences = outbox.waiting.iter().map(|notice| notice.sequence());
            assert!(sequences.eq(1..=outbox.sequence), "invariant 6: {outbox:?}");
        }
        Stored {
            state: named(kept.as_ref()),
            expires: kept.as_ref().and_then(|kept| instance(kept).expires),
            notices: kept.as_ref().map_or(0, |kept| kept.outbox.sequence),
        }
    }
}

impl Host {
    /// Makes sure that a connection exists, so that the next exchange belongs to a callback.
    fn connect(&self) {
        self.proxy.pass();
        run(self.koohook.world().store().get("nothing", now())).unwrap();
        self.proxy.pass();
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
        other => panic!("not an instance: {other:?}"),
    }
}

fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixMillis::new(u64::try_from(since.as_millis()).unwrap())
}

/// A new order ID. All IDs have the same length.
fn fresh_order() -> String {
    static DRAWN: AtomicUsize = AtomicUsize::new(0);
    format!("F{:08}", DRAWN.fetch_add(1, Ordering::SeqCst))
}

/// The ID of the instance that an order bought.
fn id_of(order: &str) -> InstanceId {
    domain::instance::id::derive(order, Some(&format!("{order}-1")), None)
}

/// The members of a call about an order's instance. A later call has its own order.
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

/// Delivers a call, and checks the form and the time of the answer.
fn deliver(koohook: &Koohook, request: &Request<Vec<u8>>) -> Answer {
    let begun = Instant::now();
    let response = run(koohook.answer(request.clone().map(Bytes::from)));
    let took = begun.elapsed();
    assert!(took < BUDGET + MARGIN, "G2: {took:?}");
    let response = response.map(|body| body.to_vec());
    verify_body_sign(&response, BASE_KEY).expect("every answer is signed");
    Answer::read(&response).expect("every answer has the guide's form")
}

fn code(koohook: &Koohook, request: &Request<Vec<u8>>) -> String {
    deliver(koohook, request).code
}

/// The exchanges of a call over an existing connection.
fn exchanges(host: &Host, request: &Request<Vec<u8>>, right: &str) -> Vec<Exchange> {
    host.connect();
    assert_eq!(code(&host.koohook, request), right);
    host.proxy.exchanges()
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are meant to be read")]
fn a_change_costs_two_exchanges_and_a_repeat_costs_one() {
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
    assert_eq!(
        exchanges(&host, &signed(now(), &query), "000003").len(),
        2,
        "stores the signature, and reads"
    );
    let unknown = members(FREEZE, "unknown", "L1");
    assert_eq!(exchanges(&host, &signed(now(), &unknown), "000003").len(), 1);
}
