//! The process whose output the test reads.

mod product_calls;
mod seller;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{Request, Response};
use serde_json::Value as Json;
use shell::config::Config;
use shell::endpoint::Either;
use shell::endpoint::app_info::AppInfoEndpoint;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::endpoint::relay::RelayEndpoint;
use shell::endpoint::usage::UsageEndpoint;
use shell::host::http::serve_until;
use shell::host::{open_context, start_log};
use shell::store::memory::Memory;
use simulator::answer::Answer;
use simulator::scenario::{self, Contract, Step, Value, Wire};
use tests::call::{ADDRESS, Koohook};
use tests::servers::{self, Server};
use tests::watched_store::StoreFault;

use self::seller::{product, read, settings};
use super::{CANARY, SEALED, STRANGER};

const BASE_KEY: &str = "canary-base-key-00000001";
const KIT_KEY: &str = "canary-kit-key-000000001";
const WRONG_KEY: &str = "canary-wrong-key-0000001";
const RELAY_SECRET: &str = "canary-relay-secret-0001";
/// The fields that may be in the log.
const IDS: [&str; 6] = ["orderId", "orderLineId", "instanceId", "tenantId", "appId", "businessId"];

/// Answers calls over every store that runs here.
pub fn run() {
    start_log("trace");
    let product = product();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("koohook.db").display());
    let servers = [Server::Redis, Server::Dynamodb].map(servers::setting);
    let stores = ["memory:".to_owned(), sqlite].into_iter().chain(servers.into_iter().flatten());
    for store in stores {
        over(&store, product);
    }
    failing_store(product);
    let panicked = thread::spawn(|| panic!("{CANARY}")).join();
    assert!(panicked.is_err());
}

/// Serves koohook over a store on a port of this machine, and sends it everything.
fn over(store: &str, product: SocketAddr) {
    let Config { endpoint, context, store, .. } = read(&settings(store, product));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let context = runtime.block_on(open_context(context, &store, false)).unwrap();
    let rows = functions::everything();
    let callbacks = CallbackEndpoint::new(endpoint, &rows, Arc::clone(&context)).unwrap();
    let secret = domain::secret::Secret::new(RELAY_SECRET.to_owned());
    let app_info = AppInfoEndpoint::new(Arc::clone(&context));
    let usage = UsageEndpoint::new(Arc::clone(&context));
    let relay = RelayEndpoint::new(context, secret);
    let endpoint = Arc::new(Either(callbacks, Either(Either(app_info, usage), relay)));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let caller = Caller { address: listener.local_addr().unwrap(), sent: AtomicUsize::new(0) };
    runtime.spawn(serve_until(endpoint, listener, 64, std::future::pending()));
    // First, while the process still writes lines of calls that are not verified.
    caller.is_rejected();
    for steps in [
        scenario::v1("CS1", now()),
        scenario::v2("CS2", now()),
        scenario::enterprise_v1("i-1", "CS3", now()),
        scenario::enterprise_v2("i-2", "CS4", now()),
    ] {
        caller.play(&steps);
    }
    caller.reports_access();
    caller.reports_usage();
    caller.is_rejected();
}

struct Caller {
    address: SocketAddr,
    sent: AtomicUsize,
}

impl Caller {
    /// Plays a scenario. Before each step it sends the step with a canary in one field after the
    /// other, and with a wrong signature.
    fn play(&self, steps: &[Step]) {
        let mut instance_id = String::new();
        for step in steps {
            for call in with_canaries(step) {
                self.send(&call.request(&self.wire(&instance_id, BASE_KEY, KIT_KEY, "")).unwrap());
            }
            let unknown = with_strange_ids(step);
            let wire = self.wire(STRANGER, WRONG_KEY, WRONG_KEY, STRANGER);
            self.send(&unknown.request(&wire).unwrap());
            let mut cut = unknown.request(&wire).unwrap();
            cut.body_mut().truncate(20);
            self.send(&cut);
            let response =
                self.send(&step.request(&self.wire(&instance_id, BASE_KEY, KIT_KEY, "")).unwrap());
            let answer = Answer::judge(&response).map(|(answer, _)| answer);
            if let Some(id) = answer.ok().and_then(|answer| step.learn(&answer).map(str::to_owned))
            {
                instance_id = id;
            }
        }
    }

    fn wire<'a>(
        &self,
        instance_id: &'a str,
        base: &'a str,
        kit: &'a str,
        business: &str,
    ) -> Wire<'a> {
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        let leak = |text: String| -> &'static str { text.leak() };
        Wire {
            address: ADDRESS,
            access_key: base,
            kit_key: kit,
            now_millis: now(),
            business_id: leak(format!("{business}b-{number}")),
            nonce: leak(format!("canary-{number}")),
            instance_id,
            sealed_secret: leak(std::env::var(SEALED).unwrap()),
        }
    }

    /// The relay, with and without its secret, and requests to no endpoint.
    fn is_rejected(&self) {
        let get = |target: &str, secret: &str| {
            let request = Request::get(target).header("authorization", format!("Bearer {secret}"));
            self.send(&request.body(Vec::new()).unwrap()).status().as_u16()
        };
        for _ in 0..3 {
            assert_eq!(get("http://a/relay?canary", RELAY_SECRET), 200);
        }
        assert_eq!(get("http://a/relay", CANARY), 401);
        assert_eq!(get("http://a/unknown?canary=canary", CANARY), 404);
        let coded = Request::post("http://a/saasproduce?canary").header("content-encoding", "gzip");
        assert_eq!(self.send(&coded.body(b"canary".to_vec()).unwrap()).status(), 415);
        self.raw(b"canary\r\n\r\n");
    }

    fn send(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let target = request.uri().path_and_query().unwrap();
        let mut bytes = format!("{} {target} HTTP/1.1\r\nHost: a\r\n", request.method());
        for (name, value) in request.headers() {
            bytes.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        for name in ["User-Agent", "Cookie", "Referer", "X-Forwarded-For", "traceparent"] {
            bytes.push_str(&format!("{name}: {CANARY}\r\n"));
        }
        let len = request.body().len();
        bytes.push_str(&format!("Content-Length: {len}\r\nConnection: close\r\n\r\n"));
        let answer = self.raw(&[bytes.as_bytes(), request.body()].concat());
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("an answer");
        let head = std::str::from_utf8(&answer[..end]).unwrap();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let response =
            Response::builder().status(status).header("content-type", "application/json");
        response.body(answer[end + 4..].to_vec()).unwrap()
    }

    fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }
}

/// The step with a canary in each member that is not an ID, one after the other, and in an unknown
/// member. A real call for each rehearsal, too.
fn with_canaries(step: &Step) -> Vec<Step> {
    let mut steps = Vec::new();
    for (place, (name, value)) in step.call.members.iter().enumerate() {
        if IDS.contains(name) {
            continue;
        }
        let mut changed = step.clone();
        changed.call.members[place].1 = match value {
            Value::Json(json @ (Json::Array(_) | Json::Object(_))) => Value::Json(marked(json)),
            _ => Value::Text(format!("{CANARY}-{name}")),
        };
        steps.push(changed);
    }
    let mut unknown = step.clone();
    unknown.call.members.push(("canary", Value::Text(CANARY.to_owned())));
    steps.push(unknown);
    steps
}

/// The same JSON with a canary in each text.
fn marked(json: &Json) -> Json {
    match json {
        Json::String(text) => Json::String(format!("{CANARY}-{text}")),
        Json::Array(items) => items.iter().map(marked).collect(),
        Json::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), marked(value))).collect()
        }
        other => other.clone(),
    }
}

fn with_strange_ids(step: &Step) -> Step {
    let mut step = step.clone();
    for (name, value) in &mut step.call.members {
        if IDS.contains(name) {
            *value = Value::Text(format!("{STRANGER}-{name}"));
        }
    }
    step
}

/// A store that does not answer.
fn failing_store(product: SocketAddr) {
    let settings = settings("memory:", product);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let koohook = Koohook::serving(&functions::everything(), Memory::new(), &settings);
    let caller = Caller { address: product, sent: AtomicUsize::new(0) };
    let steps =
        scenario::v1("CS1", now()).into_iter().chain(scenario::enterprise_v2("i-2", "CS4", now()));
    for step in steps.filter(|step| step.call.contract != Contract::V2) {
        koohook.store().plan([StoreFault::Refused; 9]);
        koohook.world().set_now(now());
        let wire = caller.wire("i-1", BASE_KEY, KIT_KEY, "");
        let _ = tests::call::run(koohook.answer(step.request(&wire).unwrap()));
    }
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}
