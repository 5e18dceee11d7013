//! Plays the marketplace: steps of a life, each over real HTTP, each answer held against the
//! guide, its signature and the state that must stand afterwards.

use std::thread;
use std::time::Duration;

use sender::answer::{Answer, verify_body_sign};
use sender::life::{Carries, Contract, State, Step, Value, Wire};
use ureq::Agent;

use crate::{made_up, wire};

/// How many times a raced step is sent at once.
const RACERS: usize = 8;

/// Looks up the state that stands; `None` where nobody can look.
pub type Look<'a> = &'a (dyn Fn(&str) -> Option<State> + Sync);

/// What the marketplace's side knows of the seller.
#[derive(Clone, Copy)]
pub struct Seller<'a> {
    /// The production address.
    pub address: &'a str,
    /// The access key of the base interfaces.
    pub access_key: &'a str,
    /// The access key of the kit.
    pub kit_key: &'a str,
    /// A secret, sealed with the seller's public key.
    pub sealed_secret: &'a str,
}

/// One side of the wire, with a clock that never goes back.
pub struct Player<'a> {
    client: Agent,
    seller: Seller<'a>,
    look: Option<Look<'a>>,
    instance_id: String,
    last_millis: u64,
    calls: usize,
    failed: usize,
}

/// What was played.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Score {
    /// How many calls were sent.
    pub calls: usize,
    /// How many lines were not as they must be.
    pub failed: usize,
    /// The instance whose life it was.
    pub instance_id: String,
}

/// One answer, read.
struct Answered {
    code: String,
    instance_id: Option<String>,
    state: State,
    took: Duration,
    fault: Option<String>,
    /// Whether all that is wrong is that the order is being carried out.
    waits: bool,
}

impl<'a> Player<'a> {
    /// A player of one life. With `look`, the state after every call is the one that stands in
    /// the store; without, it is the one that the guide asks for.
    pub fn new(seller: Seller<'a>, look: Option<Look<'a>>) -> Self {
        Self {
            client: wire::client(),
            seller,
            look,
            instance_id: String::new(),
            last_millis: 0,
            calls: 0,
            failed: 0,
        }
    }

    /// Plays steps from first to last, a printed line each. A step that is raced is sent several
    /// times at once; one that is repeated is sent again right after.
    pub fn play(mut self, steps: &[Step]) -> Score {
        self.play_on(steps);
        self.score()
    }

    /// Plays some steps of a life, and more of it may come.
    pub fn play_on(&mut self, steps: &[Step]) {
        let width = steps.iter().map(|step| step.title.len()).max().unwrap_or_default();
        println!("\n   {:width$}  {:<18}  code    state     {:>8}", "call", "sent", "took");
        for step in steps {
            let first = if step.race { RACERS } else { 1 };
            let mut sent = self.act(step, first);
            if step.repeat {
                sent.extend(self.act(step, 1));
            }
            self.report(step, width, &sent);
        }
    }

    /// What was played.
    pub fn score(self) -> Score {
        Score { calls: self.calls, failed: self.failed, instance_id: self.instance_id }
    }

    /// The instance whose life it is; empty before its first answer.
    pub fn instance_id(&self) -> &str {
        &self.instance_id
    }

    /// Sends a step, several times at once where asked, and holds the state against it.
    fn act(&mut self, step: &Step, times: usize) -> Vec<Answered> {
        let moments = self.moments(times);
        let mut sent = self.send(step, &moments);
        self.calls += sent.len();
        if step.race && self.look.is_none() {
            forgive_the_waiting(&mut sent);
        }
        self.learn(step, &mut sent);
        let state = self.look.map(|look| look(&self.instance_id).unwrap_or(State::Absent));
        for answered in &mut sent {
            answered.state = state.unwrap_or(step.state);
            if answered.state != step.state && answered.fault.is_none() {
                answered.fault = Some(format!("state is not {}", word(step.state)));
            }
        }
        sent
    }

    /// Learns the instance's ID from the first answer that names it; the others of the same race
    /// must name the same.
    fn learn(&mut self, step: &Step, sent: &mut [Answered]) {
        if !self.instance_id.is_empty() || !matches!(step.carries, Carries::ThisInstance { .. }) {
            return;
        }
        let named = sent.iter().find_map(|answered| answered.instance_id.clone());
        for answered in sent.iter_mut().filter(|answered| answered.instance_id != named) {
            answered.fault = Some("answers of one race name two instances".to_owned());
        }
        self.instance_id = named.unwrap_or_default();
    }

    fn send(&self, step: &Step, moments: &[Moment]) -> Vec<Answered> {
        thread::scope(|scope| {
            let racing: Vec<_> =
                moments.iter().map(|moment| scope.spawn(|| self.send_one(step, moment))).collect();
            racing
                .into_iter()
                .map(|sent| sent.join().unwrap_or_else(|_| Answered::broken("panic")))
                .collect()
        })
    }

    fn send_one(&self, step: &Step, moment: &Moment) -> Answered {
        let Seller { address, access_key, kit_key, sealed_secret } = self.seller;
        let address = address.replace("{function}", function(step));
        let wire = Wire {
            address: &address,
            access_key,
            kit_key,
            sealed_secret,
            now_millis: moment.now_millis,
            business_id: &moment.business_id,
            nonce: &moment.nonce,
            instance_id: &self.instance_id,
        };
        let request = match step.request(&wire) {
            Ok(request) => request,
            Err(fault) => return Answered::broken(&fault.to_string()),
        };
        let (response, took) = match wire::send(&self.client, request) {
            Ok(answered) => answered,
            Err(fault) => return Answered::broken(&fault.to_string()),
        };
        let key = match step.call.contract {
            Contract::V1 | Contract::V2 => access_key,
            Contract::KitV1 | Contract::KitV2 => kit_key,
        };
        // V2 asks for no signature; where there is one, it is right.
        let is_v2 = matches!(step.call.contract, Contract::V2 | Contract::KitV2);
        let signature = match response.headers().contains_key("body-sign") {
            false if is_v2 => Ok(()),
            _ => verify_body_sign(&response, key),
        };
        let answer = match Answer::read(&response) {
            Ok(answer) => answer,
            Err(fault) => {
                return Answered { took, ..Answered::broken(&fault.to_string()) };
            }
        };
        let unsigned = signature.err().map(|fault| fault.to_string());
        let unlike = step.check(&wire, &answer).err();
        let waits = unsigned.is_none() && step.waits(unlike.as_ref());
        Answered {
            instance_id: step.learn(&answer).map(str::to_owned),
            code: answer.code,
            state: step.state,
            took,
            fault: unsigned.or(unlike.map(|fault| fault.to_string())),
            waits,
        }
    }

    fn report(&mut self, step: &Step, width: usize, sent: &[Answered]) {
        let fault = sent.iter().find_map(|answered| answered.fault.as_deref());
        self.failed += usize::from(fault.is_some());
        let odd = sent.iter().find(|answered| answered.fault.is_some()).or(sent.first());
        let slowest = sent.iter().map(|answered| answered.took).max().unwrap_or_default();
        let again = if step.repeat { " and again" } else { "" };
        println!(
            "{} {:width$}  {:<18}  {:<6}  {:<8}  {:>5.1} ms  {}",
            contract(step.call.contract),
            step.title,
            if step.race { format!("{RACERS} at once{again}") } else { format!("once{again}") },
            odd.map(|answered| answered.code.as_str()).unwrap_or_default(),
            odd.map(|answered| word(answered.state)).unwrap_or_default(),
            slowest.as_secs_f64() * 1_000.0,
            fault.map_or_else(|| "ok".to_owned(), |fault| format!("FAILED: {fault}")),
        );
    }

    /// What is sent at once is signed at once: one time, and all else of its own.
    fn moments(&mut self, times: usize) -> Vec<Moment> {
        self.last_millis = made_up::now_millis().max(self.last_millis + 1);
        let moment = |_| Moment {
            now_millis: self.last_millis,
            business_id: made_up::id(),
            nonce: made_up::id(),
        };
        (0..times).map(moment).collect()
    }
}

/// Of a purchase that is raced before a product, one call makes it and the others find it under
/// way: the marketplace asks again, and so they are right.
fn forgive_the_waiting(sent: &mut [Answered]) {
    if sent.iter().any(|answered| answered.fault.is_none()) {
        for answered in sent.iter_mut().filter(|answered| answered.waits) {
            answered.fault = None;
        }
    }
}

/// What every request has for itself.
struct Moment {
    now_millis: u64,
    business_id: String,
    nonce: String,
}

impl Answered {
    fn broken(fault: &str) -> Self {
        Self {
            code: "-".to_owned(),
            instance_id: None,
            state: State::Absent,
            took: Duration::ZERO,
            fault: Some(fault.to_owned()),
            waits: false,
        }
    }
}

/// The function that serves a step's activity, where each has an address of its own.
fn function(step: &Step) -> &'static str {
    let word = step.call.members.iter().find_map(|(name, value)| match value {
        Value::Text(text) if *name == "activity" => Some(text.as_str()),
        _ => None,
    });
    match word.unwrap_or(step.call.page) {
        "newInstance" => "new-instance",
        "refreshInstance" => "refresh-instance",
        "expireInstance" => "expire-instance",
        "updateInstanceStatus" | "instanceStatus" => "update-instance-status",
        "upgradeInstance" | "upgrade" => "upgrade-instance",
        "releaseInstance" => "release-instance",
        "queryInstance" => "query-instance",
        "changeInstanceCheck" => "change-instance-check",
        "tenantSync" => "tenant-sync",
        "applicationSync" => "application-sync",
        "authSync" => "auth-sync",
        "singleOrgSync" => "single-org-sync",
        "allOrgSync" => "all-org-sync",
        _ => "receive",
    }
}

const fn contract(contract: Contract) -> &'static str {
    match contract {
        Contract::V1 => "V1",
        Contract::V2 => "V2",
        Contract::KitV1 => "K1",
        Contract::KitV2 => "K2",
    }
}

const fn word(state: State) -> &'static str {
    match state {
        State::Absent => "-",
        State::Active => "active",
        State::Frozen => "frozen",
        State::Released => "released",
    }
}
