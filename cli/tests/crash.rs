//! `kill -9` of `koohook dev` under load: what was acknowledged stands, and nothing stands twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected fails, and says where"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use marketplace::entity::{Entity, Kept, Subject};
use marketplace::message::InstanceId;
use marketplace::outbox::Reader;
use marketplace::time::UnixMillis;
use sender::answer::{Answer, verify_body_sign};
use shell::host::Machine;
use shell::shelf::Shelf;
use shell::store::sqlite::Sqlite;
use shell::vault::{Clear, Vault};
use shell::world::{Deadline, World};

const KEY: &str = "constructed-base-key-0001";
const KILLS: usize = 20;
const CALLERS: usize = 4;
/// After how many answers of a round the process is killed; different every time.
const ANSWERS: [usize; 5] = [17, 40, 63, 9, 29];

/// What one order was told, and what it was promised.
#[derive(Clone, Debug, Default)]
struct Promise {
    order: String,
    instance_id: Option<String>,
    /// Renewals sent, whatever came back.
    sent: u64,
    /// Renewals answered `000000`.
    acknowledged: u64,
}

#[test]
fn a_kill_loses_nothing_acknowledged_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("koohook.db");
    let mut promises = Vec::new();
    for round in 0..KILLS {
        let (mut koohook, address) = start(&file);
        let answers = AtomicUsize::new(0);
        let limit = ANSWERS[round % ANSWERS.len()];
        let made = thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    scope.spawn({
                        let (address, answers) = (&address, &answers);
                        move || call_until_killed(address, &format!("CS{round}C{caller}"), answers)
                    })
                })
                .collect();
            while answers.load(Ordering::SeqCst) < limit {
                thread::yield_now();
            }
            koohook.kill();
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
        });
        promises.extend(made);
    }
    assert!(promises.iter().filter(|promise| promise.instance_id.is_some()).count() > KILLS);
    hold_to(&promises, &file);
}

/// Makes orders and renews each twice until nobody answers any more.
fn call_until_killed(address: &str, prefix: &str, answers: &AtomicUsize) -> Vec<Promise> {
    let mut made = Vec::new();
    for number in 0.. {
        let mut promise = Promise { order: format!("{prefix}N{number}"), ..Promise::default() };
        let answered = call_order(address, &mut promise, answers);
        made.push(promise);
        if answered.is_none() {
            break;
        }
    }
    made
}

fn call_order(address: &str, promise: &mut Promise, answers: &AtomicUsize) -> Option<()> {
    let answer = send(address, &new_instance(&promise.order))?;
    answers.fetch_add(1, Ordering::SeqCst);
    assert_eq!(answer.code, "000000");
    promise.instance_id = answer.instance_id;
    for renewal in 1..=2 {
        promise.sent = renewal;
        let id = promise.instance_id.clone().unwrap();
        let answer = send(address, &refresh(&promise.order, &id, renewal))?;
        answers.fetch_add(1, Ordering::SeqCst);
        assert_eq!(answer.code, "000000");
        promise.acknowledged = renewal;
    }
    Some(())
}

/// After the last crash: every promise stands, and calling again completes what was cut off,
/// once.
fn hold_to(promises: &[Promise], file: &Path) {
    for promise in promises {
        if let Some(id) = &promise.instance_id {
            let kept = kept(file, id).expect("an acknowledged purchase stands");
            assert!(expiry(&kept) >= promise.acknowledged, "an acknowledged renewal stands");
            let told = kept.outbox.sequence;
            assert!((1 + promise.acknowledged..=1 + promise.sent).contains(&told));
        }
    }
    let (mut koohook, address) = start(file);
    let mut named = BTreeMap::new();
    for promise in promises {
        let again = send(&address, &new_instance(&promise.order)).unwrap();
        let id = again.instance_id.unwrap();
        assert!(promise.instance_id.as_ref().is_none_or(|promised| *promised == id));
        assert!(named.insert(id.clone(), &promise.order).is_none(), "no two orders share one");
        for renewal in 1..=promise.sent {
            assert_eq!(
                send(&address, &refresh(&promise.order, &id, renewal)).unwrap().code,
                "000000"
            );
        }
        let kept = kept(file, &id).unwrap();
        assert_eq!(kept.outbox.sequence, 1 + promise.sent, "each change is told once");
        assert_eq!(expiry(&kept), promise.sent);
    }
    koohook.kill();
}

/// Which renewal set the expiry; none is 0.
fn expiry(kept: &Kept) -> u64 {
    let Entity::Instance(instance) = &kept.entity else { panic!("an instance stands") };
    let first = UnixMillis::from_utc_digits("20300101000000").unwrap().millis();
    instance.expires.map_or(0, |expires| (expires.millis() - first) / 86_400_000)
}

fn new_instance(order: &str) -> Vec<(&'static str, String)> {
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

/// One call; `None` where no whole answer came. An answer that came is signed.
fn send(address: &str, members: &[(&'static str, String)]) -> Option<Answer> {
    let members: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let body = sender::v2::body(&members);
    let nonce = sender::v2::sign(KEY, "0", "0", &body);
    let request = sender::v2::request(address, KEY, &now().to_string(), &nonce, &body).unwrap();
    let mut response = ureq::run(request).ok()?;
    let body = response.body_mut().read_to_vec().ok()?;
    let response = response.map(|_| body);
    verify_body_sign(&response, KEY).unwrap();
    Some(Answer::read(&response).unwrap())
}

/// A running koohook that does not outlive its test, whatever becomes of it.
struct Running(Child);

impl Running {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(file: &Path) -> (Running, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_koohook"))
        .args(["dev", "--quiet"])
        .env("KOOHOOK_LISTEN", "127.0.0.1:0")
        .env("KOOHOOK_BASE_KEY", KEY)
        .env("KOOHOOK_STORE", format!("sqlite:{}", file.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listen = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(&line).ok()?;
        line.get("listen")?.as_str().map(str::to_owned)
    });
    // Its log must be read to the end, or it would wait for a reader.
    thread::spawn(move || lines.for_each(drop));
    (
        Running(child),
        format!("http://{}/saasproduce", listen.expect("koohook says where it listens")),
    )
}

fn kept(file: &Path, id: &str) -> Option<Kept> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = Machine::new(Sqlite::open(file).unwrap());
    let vault = Vault::new(None, None, Clear::Allowed);
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(10));
    let shelf = Shelf { world: &world, vault: &vault, reader: Reader::Nobody, deadline };
    let subject = Subject::Instance(InstanceId::parse(id).unwrap());
    runtime.block_on(shelf.read(&subject)).unwrap().kept
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
