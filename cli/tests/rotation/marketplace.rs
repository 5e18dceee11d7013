//! The marketplace: it buys, asks and changes instances without a pause, with the key of its console. An
//! answer that a seller would see as a failure fails the test.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use simulator::answer::{Answer, verify_body_sign};
use simulator::v2;

use crate::installation::Proxy;
use crate::product::{PATIENCE, now};

/// The marketplace's side of the calls.
pub struct CallingMarketplace {
    proxy: Proxy,
    /// The access key in the seller's console.
    key: Mutex<String>,
    /// The instance of each order.
    bought: Mutex<Vec<(String, String)>>,
    answered: AtomicUsize,
    sent: AtomicUsize,
    is_over: AtomicBool,
}

/// Ends the calls when it is dropped, so that they also end if the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl CallingMarketplace {
    /// A marketplace that calls through a proxy, with an access key.
    pub fn new(proxy: &Proxy, key: &str) -> Self {
        let (key, bought) = (Mutex::new(key.to_owned()), Mutex::default());
        let [answered, sent] = [0, 0].map(AtomicUsize::new);
        Self { proxy: proxy.clone(), key, bought, answered, sent, is_over: AtomicBool::new(false) }
    }

    /// The seller binds another key in the console.
    pub fn bind(&self, key: &str) {
        key.clone_into(&mut self.key.lock().unwrap());
    }

    /// Calls concurrently while `steps` run.
    pub fn call_during(&self, steps: impl FnOnce()) {
        thread::scope(|scope| {
            for caller in 0..CALLERS {
                scope.spawn(move || self.call_until_over(caller));
            }
            let over = Over(&self.is_over);
            steps();
            drop(over);
        });
    }

    /// Waits for more answers. All of them are to calls that were sent after the wait began, but for one of
    /// each caller.
    pub fn wait_for_answers(&self) {
        let (begun, before) = (Instant::now(), self.answered.load(Ordering::SeqCst));
        while self.answered.load(Ordering::SeqCst) < before + ANSWERS {
            assert!(
                begun.elapsed() < PATIENCE && !self.is_over.load(Ordering::SeqCst),
                "a call failed"
            );
            thread::yield_now();
        }
    }

    /// The IDs of all instances.
    pub fn instances(&self) -> Vec<String> {
        self.bought.lock().unwrap().iter().map(|(_, id)| id.clone()).collect()
    }

    /// Asks for every instance until it has access data, and buys it again: every value can be read.
    pub fn check_instances(&self) {
        let begun = Instant::now();
        for (order, id) in self.bought.lock().unwrap().clone() {
            let mut code = self.call(&query(&id)).code;
            // The relay delivers what a callback left to it.
            while code == "000004" && begun.elapsed() < PATIENCE {
                code = self.call(&query(&id)).code;
            }
            assert_eq!(code, "000000", "{order}");
            assert_eq!(self.call(&new_instance(&order)).instance_id.as_ref(), Some(&id), "{order}");
        }
    }

    fn call_until_over(&self, caller: usize) {
        // A caller that fails ends the wait of the test, too.
        let _over = Over(&self.is_over);
        let is_over = || self.is_over.load(Ordering::SeqCst);
        for number in 0.. {
            let order = format!("CS{caller}N{number}");
            let answer = self.call(&new_instance(&order));
            assert!(["000000", "000004"].contains(&answer.code.as_str()), "{}", answer.code);
            let id = answer.instance_id.unwrap();
            self.bought.lock().unwrap().push((order, id.clone()));
            let known = self.bought.lock().unwrap();
            let any = known[number * 7 % known.len()].1.clone();
            drop(known);
            assert_eq!(self.call(&status(&any, "FREEZE")).code, "000000");
            assert_eq!(self.call(&status(&any, "UNFREEZE")).code, "000000");
            let code = self.call(&query(&any)).code;
            assert!(["000000", "000004"].contains(&code.as_str()), "{code}");
            if is_over() {
                return;
            }
        }
    }

    /// Sends a call and verifies the answer's signature. A connection that ended before an answer came is
    /// tried again elsewhere, as a proxy and the marketplace do.
    pub fn call(&self, members: &[(&'static str, String)]) -> Answer {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "no process answers");
            let key = self.key.lock().unwrap().clone();
            let number = self.sent.fetch_add(1, Ordering::SeqCst);
            let address = format!("{}/saasproduce", self.proxy.origin(number));
            if let Some(answer) = send(&address, &key, number, members) {
                self.answered.fetch_add(1, Ordering::SeqCst);
                return answer;
            }
            thread::yield_now();
        }
    }
}

/// Sends one call with a key. `None` without a whole answer.
pub fn send(
    address: &str,
    key: &str,
    number: usize,
    members: &[(&'static str, String)],
) -> Option<Answer> {
    let members: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let body = v2::body(&members);
    let nonce = v2::sign(key, &number.to_string(), "0", &body);
    let request = v2::request(address, key, &now().to_string(), &nonce, &body).unwrap();
    let mut response = ureq::run(request).ok()?;
    let body = response.body_mut().read_to_vec().ok()?;
    let response = response.map(|_| body);
    let answer = Answer::read(&response).unwrap();
    if answer.code != "000001" {
        verify_body_sign(&response, key).expect("the answer is signed with the key of the call");
    }
    Some(answer)
}

/// A purchase.
pub fn new_instance(order: &str) -> Vec<(&'static str, String)> {
    vec![
        ("activity", "newInstance".to_owned()),
        ("businessId", "made-up-business".to_owned()),
        ("orderId", order.to_owned()),
        ("orderLineId", format!("{order}-1")),
    ]
}

/// The buyer asks for the access data.
pub fn query(id: &str) -> Vec<(&'static str, String)> {
    vec![("activity", "queryInstance".to_owned()), ("instanceId", id.to_owned())]
}

fn status(id: &str, status: &str) -> Vec<(&'static str, String)> {
    vec![
        ("activity", "updateInstanceStatus".to_owned()),
        ("instanceId", id.to_owned()),
        ("status", status.to_owned()),
    ]
}

/// The number of concurrent callers.
const CALLERS: usize = 3;
/// How many answers a step waits for.
const ANSWERS: usize = 30;
