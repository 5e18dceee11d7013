//! `koohook dev` and a product behind a real socket.
//!
//! The test kills koohook with `kill -9` while it delivers. No notice may be lost or get another id, and
//! each instance's notices must arrive in order. A product that accepts a connection and never answers
//! must not delay koohook's answers past their deadline.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::load::{IN_TIME, new_instance, send};
use crate::running::{Running, start_with};

const SECRET: &str = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==";
const KILLS: usize = 8;
const CALLERS: usize = 3;
/// The test kills the process after this many messages. Each round uses the next number.
const MESSAGES: [usize; 4] = [9, 25, 14, 40];
/// The timeout of a test. Every step is much shorter.
const PATIENCE: Duration = Duration::from_secs(90);

/// The messages that the product received, and their effects.
#[derive(Default)]
struct Memory {
    messages: usize,
    has_recovered: bool,
    /// The body of each id.
    bodies: BTreeMap<String, String>,
    /// For each instance, the sequence numbers that the product applied. Each id counts once.
    effects: BTreeMap<String, Vec<(u64, String)>>,
}

#[derive(Clone, Default)]
struct Product(Arc<(Mutex<Memory>, Condvar)>);

impl Product {
    /// Starts to listen. The product rejects every seventh message, and loses every fifth answer.
    fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let product = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let product = product.clone();
                thread::spawn(move || product.serve(stream));
            }
        });
        address
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        while let Some((id, body)) = message(&mut reader) {
            let number = self.receive(&id, &body);
            let answer = match number {
                _ if number.is_multiple_of(7) => {
                    "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned()
                }
                _ if number.is_multiple_of(5) => return None,
                _ => {
                    let body = r#"{"appInfo":{"frontEndUrl":"https://app.example.com"}}"#;
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                }
            };
            stream.write_all(answer.as_bytes()).ok()?;
        }
        Some(())
    }

    /// From now on the product accepts and answers every message.
    fn recover(&self) {
        self.0.0.lock().unwrap().has_recovered = true;
    }

    fn receive(&self, id: &str, body: &str) -> usize {
        let mut memory = self.0.0.lock().unwrap();
        memory.messages += 1;
        let number = if memory.has_recovered { 1 } else { memory.messages };
        let known = memory.bodies.entry(id.to_owned()).or_insert_with(|| body.to_owned());
        assert_eq!(known, body, "each id has one body");
        if !number.is_multiple_of(7) {
            let body: Value = serde_json::from_str(body).unwrap();
            let instance = body["data"]["instanceId"].as_str().unwrap().to_owned();
            let effects = memory.effects.entry(instance).or_default();
            if effects.iter().all(|(_, known)| known != id) {
                effects.push((body["data"]["sequence"].as_u64().unwrap(), id.to_owned()));
            }
        }
        self.0.1.notify_all();
        number
    }

    /// Waits until a condition on the received messages is true.
    fn wait(&self, what: &str, mut is_so: impl FnMut(&Memory) -> bool) {
        let memory = self.0.0.lock().unwrap();
        let waited = self.0.1.wait_timeout_while(memory, PATIENCE, |memory| !is_so(memory));
        assert!(!waited.unwrap().1.timed_out(), "{what} did not arrive");
    }

    fn messages(&self) -> usize {
        self.0.0.lock().unwrap().messages
    }
}

/// One message's id and body; `None` if the connection ended.
fn message(reader: &mut impl BufRead) -> Option<(String, String)> {
    let (mut id, mut len) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("webhook-id") => id = value.to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                len = value.parse().unwrap();
            }
            Some(_) => (),
            None if line.trim_end().is_empty() => break,
            None => (),
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some((id, String::from_utf8(body).unwrap()))
}

#[test]
fn a_kill_during_delivery_loses_no_notice_and_changes_no_id() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("koohook.db");
    let product = Product::default();
    let hooks = product.listen();
    // How many changes of each instance koohook acknowledged.
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..KILLS {
        acknowledged.extend(kill_in_delivery(&file, &product, hooks, round));
    }
    assert!(acknowledged.len() > KILLS);
    let (mut koohook, address) = start(&file, hooks);
    product.recover();
    // A new notice is delivered immediately, after the notices that wait before it.
    for (id, changes) in &mut acknowledged {
        assert_eq!(send(&address, &set_status(id, "FREEZE")).unwrap().code, "000000");
        *changes = (*changes).max(2);
    }
    product.wait("every acknowledged change", |memory| {
        let applied = |id: &String| memory.effects.get(id).map_or(0, Vec::len);
        acknowledged.iter().all(|(id, changes)| u64::try_from(applied(id)).unwrap() >= *changes)
    });
    koohook.kill();
    let memory = product.0.0.lock().unwrap();
    for (id, effects) in &memory.effects {
        let sequences: Vec<u64> = effects.iter().map(|(sequence, _)| *sequence).collect();
        let count = u64::try_from(sequences.len()).unwrap();
        assert_eq!(sequences, (1..=count).collect::<Vec<_>>(), "{id}: in order, each once");
    }
}

/// Starts koohook, calls it, and kills it after some messages. Returns how many changes of each instance
/// it acknowledged.
fn kill_in_delivery(
    file: &Path,
    product: &Product,
    hooks: SocketAddr,
    round: usize,
) -> Vec<(String, u64)> {
    let (mut koohook, address) = start(file, hooks);
    let limit = product.messages() + MESSAGES[round % MESSAGES.len()];
    thread::scope(|scope| {
        let call = |caller| {
            let address = &address;
            move || call_until_killed(address, &format!("CS{round}C{caller}"))
        };
        let callers: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(call(caller))).collect();
        product.wait("a message", |memory| memory.messages >= limit);
        koohook.kill();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    })
}

/// Creates orders, and freezes and unfreezes each, until koohook stops answering. Returns how many changes
/// of each instance it acknowledged.
fn call_until_killed(address: &str, prefix: &str) -> Vec<(String, u64)> {
    let mut made = Vec::new();
    for number in 0.. {
        let Some(answer) = send(address, &new_instance(&format!("{prefix}N{number}"))) else {
            break;
        };
        assert!(["000000", "000004"].contains(&answer.code.as_str()), "{}", answer.code);
        let id = answer.instance_id.unwrap();
        made.push((id.clone(), 1));
        for (status, changes) in [("FREEZE", 2), ("UNFREEZE", 3)] {
            let Some(answer) = send(address, &set_status(&id, status)) else { return made };
            assert_eq!(answer.code, "000000");
            made.push((id.clone(), changes));
        }
    }
    made
}

#[test]
fn a_silent_product_delays_no_answer_past_its_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut koohook, address) =
        start(&folder.path().join("koohook.db"), silent.local_addr().unwrap());
    let took = thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let address = &address;
                scope.spawn(move || {
                    let began = Instant::now();
                    let answer = send(address, &new_instance(&format!("CS{caller}"))).unwrap();
                    assert_eq!(answer.code, "000004");
                    began.elapsed()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
    });
    koohook.kill();
    let longest = took.iter().max().unwrap();
    assert!(*longest >= Duration::from_secs(2), "koohook waits for the product: {took:?}");
    assert!(*longest < IN_TIME, "{took:?}");
}

fn set_status(id: &str, status: &str) -> Vec<(&'static str, String)> {
    vec![
        ("activity", "updateInstanceStatus".to_owned()),
        ("instanceId", id.to_owned()),
        ("status", status.to_owned()),
    ]
}

fn start(file: &Path, hooks: SocketAddr) -> (Running, String) {
    let hooks = format!("http://{hooks}/hooks");
    let settings = [("KOOHOOK_PRODUCT_URL", hooks.as_str()), ("KOOHOOK_PRODUCT_SECRET", SECRET)];
    start_with(&format!("sqlite:{}", file.display()), &settings)
}
