//! How koohook reaches the product (decision E6), over real sockets. Each failure has its own word.
//! The product's certificate is from a public authority or from the seller's own. Plain HTTP goes
//! only to addresses that koohook checked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use bytes::Bytes;
use http::{Request, Response};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use shell::client::Client;
use shell::guard::{Authorities, Guard, Network};
use shell::host::MachineWorld;
use shell::store::memory::Memory;
use shell::world::{Unanswered, Web};
use tests::log::Log;
use tests::product::{HANGS, ScriptedProduct};

use super::wire::record_after_first_attempt;
use super::*;

const AUTHORITY: &str = include_str!("../../vectors/tls/ca.pem");
const SIGNED: [&str; 2] =
    [include_str!("../../vectors/tls/server.pem"), include_str!("../../vectors/tls/server.key")];
const SELF_SIGNED: [&str; 2] = [
    include_str!("../../vectors/tls/self-signed.pem"),
    include_str!("../../vectors/tls/self-signed.key"),
];
const EXPIRED: [&str; 2] =
    [include_str!("../../vectors/tls/expired.pem"), include_str!("../../vectors/tls/expired.key")];
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// A listener on a new port that handles each connection with `meet`.
fn listening(host: &str, meet: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(meet));
    address
}

/// Reads the request line and headers of a request, and writes these bytes.
fn answer(stream: &mut (impl Read + Write), bytes: &[u8]) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        head.extend_from_slice(&byte);
    }
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
    String::from_utf8_lossy(&head).into_owned()
}

fn plain(bytes: &'static [u8]) -> SocketAddr {
    listening("127.0.0.1", move |mut stream| drop(answer(&mut stream, bytes)))
}

/// A TLS server with a certificate and its key.
fn secure(host: &str, [certificate, key]: [&str; 2]) -> SocketAddr {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
    listening(host, move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        drop(answer(&mut Stream::new(&mut connection, &mut stream), ANSWER));
    })
}

/// A port without a listener.
fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn trusting(pem: &str) -> Guard {
    Guard { authorities: Authorities::parse(pem).unwrap(), network: None }
}

fn within(network: Network) -> Guard {
    Guard { authorities: Authorities::default(), network: Some(network) }
}

fn post(web: &Client, url: &str) -> Result<Response<Bytes>, Unanswered> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = Request::post(url).body(Bytes::from_static(b"{}")).unwrap();
    runtime.block_on(web.send(request))
}

/// Why a call to an address failed.
fn cause(guard: &Guard, url: &str) -> Option<Unanswered> {
    post(&Client::guarded(guard, 64 * 1024), url).err()
}

fn cause_unguarded(url: &str) -> Option<Unanswered> {
    cause(&Guard::default(), url)
}

#[test]
fn an_unknown_host_and_a_refused_connection_are_two_causes() {
    for scheme in ["http", "https"] {
        let unknown_host = format!("{scheme}://no-such-host.invalid/h");
        assert_eq!(
            cause_unguarded(&unknown_host),
            Some(Unanswered::NameNotFound),
            "{unknown_host}"
        );
        let down = format!("{scheme}://{}/h", closed());
        assert_eq!(cause_unguarded(&down), Some(Unanswered::Refused), "{down}");
    }
}

#[test]
fn a_certificate_must_have_a_known_authority_and_the_right_host_and_dates() {
    let at = |address: SocketAddr| format!("https://localhost:{}/h", address.port());
    let signed = secure("127.0.0.1", SIGNED);
    assert_eq!(cause_unguarded(&at(signed)), Some(Unanswered::NotTrusted));
    assert_eq!(cause(&trusting(AUTHORITY), &at(signed)), None);
    assert_eq!(cause(&trusting(AUTHORITY), &format!("https://{signed}/h")), None);
    let two = [SELF_SIGNED[0], AUTHORITY].concat();
    assert_eq!(cause(&trusting(&two), &at(signed)), None);
    assert_eq!(cause(&trusting(SELF_SIGNED[0]), &at(signed)), Some(Unanswered::NotTrusted));
    let other_host = secure("127.0.0.2", SIGNED);
    let by_authority = cause(&trusting(AUTHORITY), &format!("https://{other_host}/h"));
    assert_eq!(by_authority, Some(Unanswered::NotTrusted));
    let self_signed = secure("127.0.0.1", SELF_SIGNED);
    assert_eq!(cause_unguarded(&at(self_signed)), Some(Unanswered::NotTrusted));
    assert_eq!(cause(&trusting(SELF_SIGNED[0]), &at(self_signed)), None);
    let expired = secure("127.0.0.1", EXPIRED);
    assert_eq!(cause(&trusting(EXPIRED[0]), &at(expired)), Some(Unanswered::NotTrusted));
}

#[test]
fn a_wrong_protocol_and_a_cut_connection_are_two_causes() {
    let at = |scheme: &str, address: SocketAddr| format!("{scheme}://{address}/h");
    let bad_request = listening("127.0.0.1", |mut stream| {
        let _ = stream.read(&mut [0; 9]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    assert_eq!(cause_unguarded(&at("https", bad_request)), Some(Unanswered::Tls));
    assert_eq!(
        cause_unguarded(&at("http", secure("127.0.0.1", SIGNED))),
        Some(Unanswered::NotHttp)
    );
    let hangs_up = || listening("127.0.0.1", |mut stream| drop(stream.read(&mut [0; 9])));
    assert_eq!(cause_unguarded(&at("https", hangs_up())), Some(Unanswered::Tls));
    assert_eq!(cause_unguarded(&at("http", hangs_up())), Some(Unanswered::CutOff));
    let resets = listening("127.0.0.1", |stream| drop(stream.peek(&mut [0])));
    assert_eq!(cause_unguarded(&at("http", resets)), Some(Unanswered::CutOff));
    for half in
        [&b"HTTP/1.1 200 OK\r\nContent-Le"[..], b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
    {
        assert_eq!(cause_unguarded(&at("http", plain(half))), Some(Unanswered::CutOff));
    }
    let banner = plain(b"220 mail.example ESMTP\r\n");
    assert_eq!(cause_unguarded(&at("http", banner)), Some(Unanswered::NotHttp));
    assert_eq!(cause_unguarded(&at("http", plain(ANSWER))), None);
}

/// The hosts here are numbers that the machine's resolver turns into addresses. So the test needs
/// no name service.
#[test]
fn plain_http_goes_to_no_address_outside_its_network() {
    let port = plain(ANSWER).port();
    for network in [Network::Loopback, Network::Private] {
        for host in ["127.1", "2130706433", "localhost"] {
            assert_eq!(cause(&within(network), &format!("http://{host}:{port}/h")), None, "{host}");
        }
        // 169.254.169.254, 100.64.0.1, 203.0.113.1, 0.0.0.0.
        for host in ["2852039166", "0x64400001", "203.0.28929", "0"] {
            let url = format!("http://{host}:{port}/h");
            assert_eq!(cause(&within(network), &url), Some(Unanswered::NotAllowed), "{host}");
        }
    }
    // 10.0.0.1
    let private = format!("http://10.1:{port}/h");
    assert_eq!(cause(&within(Network::Loopback), &private), Some(Unanswered::NotAllowed));
}

#[test]
fn the_sellers_own_authority_is_trusted_only_for_the_product() {
    let url = format!("https://localhost:{}/h", secure("127.0.0.1", SIGNED).port());
    let machine = MachineWorld::new(Memory::new()).guarded(&trusting(AUTHORITY));
    assert!(post(machine.product_web(), &url).is_ok());
    assert_eq!(post(machine.web(), &url).err(), Some(Unanswered::NotTrusted));
    let unguarded = MachineWorld::new(Memory::new());
    assert_eq!(post(unguarded.product_web(), &url).err(), Some(Unanswered::NotTrusted));
}

/// A listener that sends the request line and headers of each request to a channel.
fn listening_for_heads() -> (SocketAddr, Receiver<String>) {
    let (sender, heads) = channel();
    let address = listening("127.0.0.1", move |mut stream| {
        let _ = sender.send(answer(&mut stream, ANSWER).to_ascii_lowercase());
    });
    (address, heads)
}

/// Firewalls block requests that do not name their client.
#[test]
fn every_request_names_koohook() {
    let (address, heads) = listening_for_heads();
    let url = format!("http://{address}/h");
    let client = Client::new(64 * 1024);
    assert!(post(&client, &url).is_ok());
    let head = heads.recv().unwrap();
    let name = format!("\r\nuser-agent: koohook/{}\r\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(head.matches(&name).count(), 1, "{head}");
    assert_eq!(head.matches("\r\naccept: application/json\r\n").count(), 1, "{head}");
    record_after_first_attempt(address);
    let head = heads.recv().unwrap();
    assert!(head.contains(&name) && head.contains("\r\nwebhook-id: "), "{head}");
}

/// The stored attempt and the log use the same words.
#[test]
fn the_attempt_and_the_log_state_the_cause() {
    let log = Log::default();
    let guard = log.keep();
    let down = closed();
    let attempts = record_after_first_attempt(down).outbox.delivery.unwrap().attempts;
    drop(guard);
    assert_eq!(attempts[0].fault, "connection refused");
    let [line] = log.callbacks().try_into().expect("one callback");
    assert_eq!(line["notice"], "not-reached");
    assert_eq!(line["cause"], "connection refused");
    let [offer] = lines(&log, "notice offered").try_into().expect("one offer");
    assert_eq!((&offer["level"], &offer["cause"]), (&"WARN".into(), &"connection refused".into()));
    assert!(offer["advice"].as_str().is_some_and(|advice| advice.contains("KOOHOOK_PRODUCT_URL")));
}

#[test]
fn a_product_that_never_answers_is_logged_as_timed_out() {
    let koohook = with_product();
    ScriptedProduct::of(koohook.world(), |_| HANGS);
    let log = Log::default();
    let guard = log.keep();
    assert_eq!(buy(&koohook, "CS1").code, "000004");
    drop(guard);
    let attempts = outbox(&koohook, &id("CS1")).delivery.unwrap().attempts;
    assert_eq!(attempts[0].fault, "timed out");
    let [line] = log.callbacks().try_into().expect("one callback");
    assert_eq!((&line["notice"], &line["cause"]), (&"timed-out".into(), &"timed out".into()));
}
