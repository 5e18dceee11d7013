//! The product's answers (decision E3), in tables. Also answers that no product should give, over a
//! real socket.

mod answers;
mod lists;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use domain::entity::Subject;
use domain::record::EntityRecord;
use protocol::time::UnixMillis;
use shell::client::Client;
use shell::context::Context;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::store::memory::Memory;
use shell::world::Deadline;
use tests::call::{config, v2};
use tests::world::{NOW, TestWorld};

use super::*;

/// A test world with a real HTTP client.
struct Wired {
    world: TestWorld<Memory>,
    web: Client,
}

impl World for Wired {
    type Store = Memory;
    type Web = Client;

    fn store(&self) -> &Memory {
        World::store(&self.world)
    }

    fn web(&self) -> &Client {
        &self.web
    }

    fn now(&self) -> UnixMillis {
        World::now(&self.world)
    }

    fn elapsed(&self) -> Duration {
        World::elapsed(&self.world)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        self.world.random()
    }

    async fn within<F>(&self, limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.world.within(limit, future).await
    }

    async fn pause(&self, span: Duration) {
        self.world.pause(span).await;
    }
}

/// A listener that sends `head` to each connection and then `again`, repeated `times` times. Also
/// returns the number of its connections.
fn listening(head: String, again: &'static [u8], times: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let met = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&met);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 16 * 1024]);
            let _ = stream.write_all(head.as_bytes());
            for _ in 0..times {
                if stream.write_all(again).is_err() {
                    break;
                }
            }
        }
    });
    (address, met)
}

/// The stored record of a purchase after its first attempt at this address.
pub(super) fn record_after_first_attempt(address: SocketAddr) -> EntityRecord {
    let url = format!("http://{address}/hooks");
    let mut settings = WITH_PRODUCT.to_vec();
    settings.push(("KOOHOOK_PRODUCT_URL", &url));
    let config = config(&settings);
    let wired = Wired { world: TestWorld::new(Memory::new()), web: Client::new(64 * 1024) };
    let context = Arc::new(Context::new(config.context, wired));
    let endpoint =
        CallbackEndpoint::new(config.endpoint, &functions::BASE, Arc::clone(&context)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = v2(NOW, &purchase("CS1", "CS1-1")).map(Bytes::from);
        let response = endpoint.answer(request).await;
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(text.contains("000004"), "{text}");
        let id = InstanceId::parse(&id("CS1")).unwrap();
        let repository =
            context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
        repository
            .read(&Subject::Instance(id))
            .await
            .unwrap()
            .found
            .map(|found| found.record)
            .unwrap()
    })
}

/// The stored fault of each hostile answer.
const HOSTILE_FAULTS: [&str; 11] = [
    "status is not a success",
    "status is not a success",
    "answer too long",
    "answer too long",
    "cut off",
    "body is not a JSON object",
    "answer is not http",
    "answer is not http",
    "answer is not http",
    "status is not a success",
    "cut off",
];

/// koohook follows no redirect, reads a limited length, and tries again later.
#[test]
fn hostile_answers_are_failed_attempts() {
    static MEBIBYTE: [u8; 1 << 20] = [b' '; 1 << 20];
    let (elsewhere, met) = listening(String::new(), b"", 0);
    let head = |head: &str| head.replace('\n', "\r\n");
    let cases = [
        (format!("HTTP/1.1 302 Found\nLocation: http://{elsewhere}/\nContent-Length: 0\n\n"), 0),
        (format!("HTTP/1.1 307 Moved\nLocation: http://{elsewhere}/\nContent-Length: 0\n\n"), 0),
        ("HTTP/1.1 200 OK\nContent-Length: 10485760\n\n".to_owned(), 10),
        ("HTTP/1.1 200 OK\n\n".to_owned(), 1_000),
        ("HTTP/1.1 200 OK\nContent-Length: 9\n\n{}".to_owned(), 0),
        ("HTTP/1.1 200 OK\nContent-Length: 12\n\n{\"appInfo\":1".to_owned(), 0),
        ("HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 4\n\n{}{}".to_owned(), 0),
        ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzz\n".to_owned(), 0),
        ("SSH-2.0-OpenSSH_9.9\n".to_owned(), 0),
        ("HTTP/1.1 999 Odd\nContent-Length: 0\n\n".to_owned(), 0),
        (String::new(), 0),
    ];
    let mut faults = Vec::new();
    for (answer, times) in cases {
        let (address, _) = listening(head(&answer), &MEBIBYTE, times);
        let outbox = record_after_first_attempt(address).outbox;
        assert_eq!(outbox.waiting.len(), 1, "{answer}");
        let attempts = outbox.delivery.unwrap().attempts;
        assert_eq!(attempts.len(), 1, "{answer}");
        faults.push(attempts[0].fault.clone());
    }
    assert_eq!(met.load(Ordering::SeqCst), 0, "no redirect is followed");
    assert_eq!(faults, HOSTILE_FAULTS);
}
