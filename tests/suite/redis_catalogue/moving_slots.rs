//! A scan over a cluster that moves slots between its nodes.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use protocol::time::UnixMillis;
use shell::store::{AnyStore, Scan, ScanPlace, Store, StoreSetting, Unavailable, Value, Version};
use tests::log::Log;
use tests::redis_server::RedisServer;
use tests::servers::run;

/// The permissions of a user that may do everything but show the nodes of a cluster.
const RULES: &str = "reset on >canary-value ~koohook:* +@all -cluster|nodes";
/// How long the nodes of a cluster may need to know each other.
const PATIENCE: Duration = Duration::from_secs(20);
/// A slot without a value.
const SLOT: u16 = 8_191;

/// A cluster of two nodes.
fn cluster() -> Option<[RedisServer; 2]> {
    let start = || {
        // Below the ports that the system gives to other tests.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = (10_000 + port % 20_000).to_string();
        RedisServer::start(&["--cluster-enabled", "yes", "--cluster-port", &port])
            .map(|server| (server, port))
    };
    let ((first, _), (second, bus)) = (start()?, start()?);
    let _: () = first.command("CLUSTER SET-CONFIG-EPOCH 1");
    let _: () = second.command("CLUSTER SET-CONFIG-EPOCH 2");
    let _: () = first.command("CLUSTER ADDSLOTSRANGE 0 8191");
    let _: () = second.command("CLUSTER ADDSLOTSRANGE 8192 16383");
    let port = second.address().rsplit_once(':').unwrap().1.to_owned();
    let _: () = first.command(&format!("CLUSTER MEET 127.0.0.1 {port} {bus}"));
    let begun = Instant::now();
    let is_ok = |server: &RedisServer| {
        server.command::<String>("CLUSTER INFO").contains("cluster_state:ok")
    };
    while !(is_ok(&first) && is_ok(&second)) {
        assert!(begun.elapsed() < PATIENCE, "the nodes do not know each other");
        thread::yield_now();
    }
    Some([first, second])
}

fn open(address: &str) -> AnyStore {
    run(StoreSetting::parse(&format!("{address}?cluster=true")).unwrap().open(false)).unwrap()
}

/// Continues a scan to its end.
fn scan(store: &AnyStore, mut after: Option<ScanPlace>) -> Result<usize, Unavailable> {
    let mut found = 0;
    loop {
        let page = run(store.scan(after.as_ref(), 1))?;
        found += page.values.len();
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Continues a scan in a new process, which must fail with this advice. A process that already failed
/// so would log the same fault only once a minute.
fn refused(address: &str, after: Option<ScanPlace>, advice: &str) {
    let store = open(address);
    let log = Log::default();
    let _kept = log.keep();
    assert_eq!(scan(&store, after), Err(Unavailable));
    assert!(log.text().contains(advice), "{}", log.text());
}

/// A value may move from a node whose turn comes later to a node whose turn is over.
#[test]
fn a_scan_during_which_a_slot_moves_fails_and_says_to_run_it_again() {
    let Some([first, second]) = cluster() else { return };
    let store = open(&first.address());
    for number in 0..20_u8 {
        let value = Value { version: Version([number; 16]), ..Value::default() };
        run(store.put(&format!("k{number}"), &value, None, UnixMillis::EPOCH)).unwrap();
    }
    assert!(scan(&store, None).is_ok_and(|found| found >= 20), "no slot moves");
    let begun = run(store.scan(None, 1)).unwrap().next;
    let [from, to] = [&first, &second].map(|server| server.command::<String>("CLUSTER MYID"));
    let _: () = second.command(&format!("CLUSTER SETSLOT {SLOT} IMPORTING {from}"));
    let _: () = first.command(&format!("CLUSTER SETSLOT {SLOT} MIGRATING {to}"));
    let advice = "moves slots between its nodes";
    refused(&first.address(), begun.clone(), advice);
    refused(&first.address(), None, advice);
    for server in [&second, &first] {
        let _: () = server.command(&format!("CLUSTER SETSLOT {SLOT} NODE {to}"));
    }
    refused(&first.address(), begun, advice);
    assert!(scan(&store, None).is_ok_and(|found| found >= 20), "a new scan is complete");
}

#[test]
fn a_scan_of_a_cluster_needs_the_further_permission_of_the_guide() {
    let Some(nodes) = cluster() else { return };
    for (rules, is_allowed) in [("", false), ("+cluster|nodes", true)] {
        for node in &nodes {
            let _: () = node.command(format!("ACL SETUSER shop {RULES} {rules}").trim_end());
        }
        let address = nodes[0].address().replace("redis://", "redis://shop:canary-value@");
        if is_allowed {
            assert_eq!(scan(&open(&address), None), Ok(0));
        } else {
            refused(&address, None, "and CLUSTER NODES with cluster=true");
        }
    }
}
