//! Another version is installed while the marketplace calls: the new process starts beside the old
//! one over the same store, and the old one gets SIGTERM. Then the proxy sends the calls to the new
//! one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use super::scene::{AcceptingProduct, KEY, ServeProcess, id, purchase, status, v2};
use crate::notices::shop::redis;
use crate::{Folder, SEAL_KEY};

/// The addresses that a proxy knows, the preferred one first. If one does not answer, it sends the
/// call to the next one, as nginx does with `proxy_next_upstream error timeout non_idempotent`.
#[derive(Clone, Default)]
struct Proxy(Arc<RwLock<Vec<String>>>);

impl Proxy {
    fn lead_to(&self, addresses: &[&str]) {
        *self.0.write().unwrap() = addresses.iter().map(|it| (*it).to_owned()).collect();
    }

    fn call(&self, members: &[(&str, &str)]) -> Option<String> {
        let addresses = self.0.read().unwrap().clone();
        addresses.iter().find_map(|address| v2(address, KEY, members)).map(|answer| answer.code)
    }
}

/// What concurrent callers did.
#[derive(Default)]
struct Load {
    orders: AtomicUsize,
    calls: AtomicUsize,
    is_enough: AtomicBool,
}

/// The timeout of a test. Every step is much shorter.
const PATIENCE: Duration = Duration::from_secs(30);
const CALLERS: usize = 3;
/// The calls between two steps of the upgrade.
const CALLS: usize = 60;

impl Load {
    /// Buys, freezes and unfreezes until it is enough. Every call must be answered, and with success:
    /// the product gives access data at once.
    fn call(&self, proxy: &Proxy) {
        while !self.is_enough.load(Ordering::SeqCst) {
            let order = format!("CS{}", self.orders.fetch_add(1, Ordering::SeqCst));
            let (line, instance) = (format!("{order}-1"), id(&order));
            for members in [
                &purchase(&order, &line)[..],
                &status(&instance, "FREEZE"),
                &status(&instance, "UNFREEZE"),
            ] {
                let code = proxy.call(members);
                let pending = members.len() == 4 && code.as_deref() == Some("000004");
                assert!(pending || code.as_deref() == Some("000000"), "{members:?}: {code:?}");
                self.calls.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// Waits for this many more calls.
    fn wait(&self, more: usize) {
        let begun = Instant::now();
        let until = self.calls.load(Ordering::SeqCst) + more;
        while self.calls.load(Ordering::SeqCst) < until {
            assert!(begun.elapsed() < PATIENCE, "no calls are answered");
            thread::yield_now();
        }
    }
}

/// Ends the load, also if the test fails.
struct Enough<'a>(&'a AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Rolls to a new process and back to the old version, under load.
fn no_call_is_refused(
    settings: &[(&'static str, String)],
    folder: &Folder,
    product: &AcceptingProduct,
) {
    let (proxy, load) = (Proxy::default(), Load::default());
    let mut old = ServeProcess::start(folder, settings);
    proxy.lead_to(&[&old.address]);
    thread::scope(|scope| {
        let (load, proxy) = (&load, &proxy);
        let call = |_| scope.spawn(move || load.call(proxy));
        let callers: Vec<_> = (0..CALLERS).map(call).collect();
        let enough = Enough(&load.is_enough);
        for _ in 0..2 {
            load.wait(CALLS);
            let new = ServeProcess::start(folder, settings);
            // Both serve over one store. The new one gets calls after the old one closed its port.
            proxy.lead_to(&[&old.address, &new.address]);
            load.wait(CALLS);
            let replaced = std::mem::replace(&mut old, new);
            replaced.stop();
            load.wait(CALLS);
            proxy.lead_to(&[&old.address]);
        }
        drop(enough);
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
    for order in 0..load.orders.load(Ordering::SeqCst) {
        let types = product.wait_for(&id(&format!("CS{order}")), 3);
        assert_eq!(types, ["instance.created", "instance.frozen", "instance.thawed"]);
    }
    let lines = old.lines("callback");
    assert!(lines.iter().all(|line| line["outcome"] != "failed"), "no call failed");
}

#[test]
fn no_call_is_refused_and_no_change_is_lost_when_a_process_is_replaced_over_sqlite() {
    let (folder, product) = (Folder::new(), AcceptingProduct::listen());
    no_call_is_refused(&product.settings(), &folder, &product);
}

#[test]
fn no_call_is_refused_and_no_change_is_lost_when_a_process_is_replaced_over_redis() {
    let Some(store) = redis("upgrade") else { return };
    let (folder, product) = (Folder::new(), AcceptingProduct::listen());
    let store = vec![("KOOHOOK_STORE", store), ("KOOHOOK_SEAL_KEY", SEAL_KEY.to_owned())];
    no_call_is_refused(&[product.settings(), store].concat(), &folder, &product);
}
