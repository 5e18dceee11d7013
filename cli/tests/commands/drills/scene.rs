//! A server whose log the test reads, a product that remembers, and the marketplace's calls.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use simulator::answer::Answer;

use crate::{Folder, notice_server};

/// The key of the base interfaces.
pub const KEY: &str = "constructed-base-key-0001";
/// The secret of the product.
pub const SECRET: &str = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==";
const READY: &str = r#"{"appInfo":{"frontEndUrl":"https://app.example.com/i"}}"#;
/// The timeout of a test. Every step is much shorter.
const PATIENCE: Duration = Duration::from_secs(30);

/// The members of a call.
pub type CallMembers<'a> = &'a [(&'a str, &'a str)];

/// A product that answers every notice with access data, or with a status.
#[derive(Clone)]
pub struct AcceptingProduct {
    pub address: SocketAddr,
    shared: Arc<SharedMemory>,
}

type SharedMemory = (Mutex<Memory>, Condvar);

#[derive(Default)]
struct Memory {
    status: u16,
    /// The `webhook-id` and the body of every notice that it carried out, each ID once.
    accepted: Vec<(String, Value)>,
}

impl Memory {
    fn types(&self, instance: &str) -> Vec<String> {
        let about = |body: &&Value| body["data"]["instanceId"] == instance;
        let bodies = self.accepted.iter().map(|(_, body)| body).filter(about);
        bodies.map(|body| body["type"].as_str().unwrap().to_owned()).collect()
    }
}

/// A running `koohook serve`.
pub struct ServeProcess {
    child: Child,
    /// Its production address.
    pub address: String,
    log: Arc<(Mutex<Vec<Value>>, Condvar)>,
}

impl AcceptingProduct {
    pub fn listen() -> Self {
        let shared = Arc::default();
        let serving = Arc::clone(&shared);
        let address = notice_server::listen(move |id, body| answer(&serving, id, body));
        let product = Self { address, shared };
        product.answer(200);
        product
    }

    /// Sets the status of later answers.
    pub fn answer(&self, status: u16) {
        self.shared.0.lock().unwrap().status = status;
    }

    /// The types of the accepted notices about an instance, in order.
    pub fn types(&self, instance: &str) -> Vec<String> {
        self.shared.0.lock().unwrap().types(instance)
    }

    /// Waits until it accepted so many notices about an instance, and returns their types.
    #[track_caller]
    pub fn wait_for(&self, instance: &str, count: usize) -> Vec<String> {
        let (memory, more) = &*self.shared;
        let lacks = |memory: &mut Memory| memory.types(instance).len() < count;
        let (memory, waited) =
            more.wait_timeout_while(memory.lock().unwrap(), PATIENCE, lacks).unwrap();
        let types = memory.types(instance);
        assert!(!waited.timed_out(), "it accepted only {types:?}");
        types
    }

    /// The settings of a server that notifies this product.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("KOOHOOK_BASE_KEY", KEY.to_owned()),
            ("KOOHOOK_STORE", "sqlite:koohook.db".to_owned()),
            ("KOOHOOK_PRODUCT_URL", format!("http://{}/", self.address)),
            ("KOOHOOK_PRODUCT_SECRET", SECRET.to_owned()),
        ]
    }
}

/// Carries out a notice, and makes the HTTP answer.
fn answer((memory, more): &SharedMemory, id: String, body: Value) -> String {
    let mut memory = memory.lock().unwrap();
    let is_known = memory.accepted.iter().any(|(known, _)| *known == id);
    if memory.status == 200 && !is_known {
        memory.accepted.push((id, body));
        more.notify_all();
    }
    let text = if memory.status == 200 { READY } else { "" };
    format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n\r\n{text}", memory.status, text.len())
}

impl ServeProcess {
    /// Starts it in a folder, with settings. The last one of a name counts.
    pub fn start(folder: &Folder, settings: &[(&'static str, String)]) -> Self {
        let mut command = folder.command(&["serve"]);
        command.env("KOOHOOK_LISTEN", "127.0.0.1:0").envs(settings.iter().cloned());
        Self::of(command)
    }

    /// Starts a command that serves.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let log: Arc<(Mutex<Vec<Value>>, Condvar)> = Arc::default();
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            let parsed = lines.map_while(Result::ok);
            for line in parsed.filter_map(|line| serde_json::from_str(&line).ok()) {
                kept.0.lock().unwrap().push(line);
                kept.1.notify_all();
            }
        });
        let mut server = Self { child, address: String::new(), log };
        let started = server.wait_for(|line| line.get("listen").is_some());
        server.address = format!("http://{}/saasproduce", started["listen"].as_str().unwrap());
        server
    }

    /// The lines of the log so far.
    pub fn log(&self) -> Vec<Value> {
        self.log.0.lock().unwrap().clone()
    }

    /// The lines of the log so far with a message.
    pub fn lines(&self, message: &str) -> Vec<Value> {
        let about =
            |line: &Value| line["message"].as_str().is_some_and(|text| text.starts_with(message));
        self.log().into_iter().filter(about).collect()
    }

    /// Waits for a line of the log.
    #[track_caller]
    pub fn wait_for(&self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let (lines, more) = &*self.log;
        let lacks = |lines: &mut Vec<Value>| !lines.iter().any(&is_wanted);
        let (lines, waited) =
            more.wait_timeout_while(lines.lock().unwrap(), PATIENCE, lacks).unwrap();
        assert!(!waited.timed_out(), "no such line: {lines:#?}");
        lines.iter().find(|line| is_wanted(line)).unwrap().clone()
    }

    /// The address without the path.
    pub fn origin(&self) -> &str {
        self.address.strip_suffix("/saasproduce").unwrap()
    }

    /// Ends it as a service manager does.
    pub fn stop(mut self) {
        self.signal();
        assert!(self.child.wait().unwrap().success());
    }

    /// Sends SIGTERM.
    pub fn signal(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    }

    /// Whether `/readyz` answers 200.
    pub fn is_ready(&self) -> bool {
        ureq::get(format!("{}/readyz", self.origin())).call().is_ok()
    }

    /// Sends a V2 call that is signed now with a key. Returns the code.
    pub fn v2(&self, key: &str, members: CallMembers<'_>) -> String {
        v2(&self.address, key, members).expect("the server answers").code
    }

    /// Sends a V1 call that is signed now with a key. Returns the code.
    pub fn v1(&self, key: &str, members: CallMembers<'_>) -> String {
        let time_stamp = simulator::time::to_the_millisecond(now());
        let request = simulator::v1::request(&self.address, key, &time_stamp, members).unwrap();
        answer_to(ureq::run(request.map(drop))).expect("the server answers").code
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a V2 call that is signed now. `None` if no whole answer arrives.
pub fn v2(address: &str, key: &str, members: CallMembers<'_>) -> Option<Answer> {
    let body = simulator::v2::body(members);
    let time = now().to_string();
    let nonce = simulator::v2::sign(key, "0", &time, &body);
    answer_to(ureq::run(simulator::v2::request(address, key, &time, &nonce, &body).unwrap()))
}

fn answer_to(response: Result<http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = response.ok()?;
    let body = response.body_mut().read_to_vec().ok()?;
    Answer::read(&response.map(|_| body)).ok()
}

/// A V2 purchase.
pub fn purchase<'a>(order: &'a str, line: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", line),
    ]
}

/// A V1 purchase.
pub fn v1_purchase(order: &str) -> [(&str, &str); 5] {
    [
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("customerId", "made-up-customer"),
        ("orderId", order),
        ("productId", "OFFI-made-up"),
    ]
}

/// A V2 freeze or unfreeze.
pub fn status<'a>(instance: &'a str, status: &'a str) -> [(&'a str, &'a str); 3] {
    [("activity", "updateInstanceStatus"), ("instanceId", instance), ("status", status)]
}

/// A V1 freeze or unfreeze.
pub fn v1_status<'a>(instance: &'a str, status: &'a str) -> [(&'a str, &'a str); 3] {
    [("activity", "instanceStatus"), ("instanceId", instance), ("instanceStatus", status)]
}

/// The instance ID of the order `ORDER` with the line `ORDER-1`.
pub fn id(order: &str) -> String {
    domain::instance::id::derive(order, Some(&format!("{order}-1")), None).to_string()
}

/// The instance ID of a V1 order.
pub fn v1_id(order: &str) -> String {
    domain::instance::id::derive(order, None, None).to_string()
}

/// The time in milliseconds.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
