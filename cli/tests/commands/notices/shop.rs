//! A store, a server and a product for the tests of `koohook notices`.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::{Finished, Folder, SEAL_KEY, notice_server};

const KEY: &str = "constructed-base-key-0001";
const SECRET: &str = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==";

/// A product that answers every notice with one status.
#[derive(Clone)]
pub struct RejectingProduct {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    /// The `webhook-id` and the sequence of every notice.
    pub received: Arc<Mutex<Vec<(String, u64)>>>,
}

/// A store, a product, and perhaps a server.
pub struct Shop {
    pub folder: Folder,
    pub product: RejectingProduct,
    store: String,
    server: Option<Child>,
}

impl RejectingProduct {
    pub fn listen() -> Self {
        let (status, received) = (Arc::new(AtomicU16::new(500)), Arc::<Mutex<Vec<_>>>::default());
        let (answered, receiving) = (Arc::clone(&status), Arc::clone(&received));
        let address = notice_server::listen(move |id, body| {
            let sequence = body["data"]["sequence"].as_u64().unwrap_or_default();
            receiving.lock().unwrap().push((id, sequence));
            let status = answered.load(Ordering::SeqCst);
            // Without this pause the relay would try again within seconds.
            format!("HTTP/1.1 {status} X\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n")
        });
        Self { address, status, received }
    }

    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub fn sequences(&self) -> Vec<u64> {
        self.received.lock().unwrap().iter().map(|(_, sequence)| *sequence).collect()
    }
}

impl Shop {
    pub fn open(store: &str) -> Self {
        let (folder, product) = (Folder::new(), RejectingProduct::listen());
        Self { folder, product, store: store.to_owned(), server: None }
    }

    /// Starts the server, sends calls, and stops the server.
    pub fn after(store: &str, calls: &[&[&str]]) -> Self {
        let mut shop = Self::open(store);
        let address = shop.start();
        calls.iter().for_each(|call| drop(shop.send(&address, call)));
        shop.stop();
        shop
    }

    fn settings(&self) -> [(&'static str, String); 6] {
        [
            ("KOOHOOK_BASE_KEY", KEY.to_owned()),
            ("KOOHOOK_PRODUCT_URL", format!("http://{}/", self.product.address)),
            ("KOOHOOK_PRODUCT_SECRET", SECRET.to_owned()),
            ("KOOHOOK_STORE", self.store.clone()),
            ("KOOHOOK_SEAL_KEY", SEAL_KEY.to_owned()),
            ("KOOHOOK_LISTEN", "127.0.0.1:0".to_owned()),
        ]
    }

    /// Runs `koohook check` with the settings of the server.
    pub fn check(&self) -> Finished {
        Finished::of(self.folder.command(&["check"]).envs(self.settings()).output().unwrap())
    }

    /// Starts `koohook serve` and returns its production address.
    pub fn start(&mut self) -> String {
        let mut command = self.command(&["serve"]);
        let mut server = command.envs(self.settings()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
        let listening = lines.find(|line| line.contains("\"listen\"")).unwrap();
        thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
        let listening: Value = serde_json::from_str(&listening).unwrap();
        format!("http://{}/saasproduce", listening["listen"].as_str().unwrap())
    }

    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Sends a call. Returns the answer.
    pub fn send(&self, address: &str, call: &[&str]) -> Value {
        let head = ["send", "--v2", "--key", KEY, "--address", address];
        let done = self.folder.run(&[&head, call].concat());
        serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}{}", done.out, done.aside))
    }

    pub fn notices(&self, arguments: &[&str]) -> Finished {
        self.koohook(&[&["notices"], arguments].concat())
    }

    /// Runs a command over the store, with the time zone of China.
    pub fn koohook(&self, arguments: &[&str]) -> Finished {
        Finished::of(self.command(arguments).env("TZ", "Asia/Shanghai").output().unwrap())
    }

    /// A command with the settings of the store.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.folder.command(arguments);
        command.envs([
            ("KOOHOOK_STORE", self.store.as_str()),
            ("KOOHOOK_SEAL_KEY", SEAL_KEY),
            ("AWS_ACCESS_KEY_ID", "MADEUPACCESSKEY"),
            ("AWS_SECRET_ACCESS_KEY", "made-up-secret-key-of-no-account"),
        ]);
        command
    }

    pub fn json(&self) -> Vec<Value> {
        let done = self.notices(&["list", "-o", "json"]);
        done.check(0, "", "");
        serde_json::from_str(&done.out).unwrap()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A prefix of its own at the Redis for tests; `None`, with a message, if it does not run.
pub fn redis(name: &str) -> Option<String> {
    let server = server("KOOHOOK_TEST_REDIS")?;
    Some(format!("{server}?prefix={name}-{}", std::process::id()))
}

/// A table of its own at the emulator of DynamoDB. The table does not exist yet.
pub fn dynamodb(name: &str) -> Option<String> {
    let endpoint = server("KOOHOOK_TEST_DYNAMODB")?;
    let table = format!("{name}-{}", std::process::id());
    Some(format!("dynamodb://{table}?region=eu-test-1&endpoint={endpoint}"))
}

fn server(variable: &str) -> Option<String> {
    let server = std::env::var(variable).ok();
    if server.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{variable} is not set");
        let _ = writeln!(io::stderr(), "!! SKIPPED {variable} is not set");
    }
    server
}
