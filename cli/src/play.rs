//! Plays the marketplace: the steps of a life, each over real HTTP, each answer judged.

mod answered;
mod function;
mod table;

use std::collections::BTreeSet;
use std::thread;

use simulator::scenario::{Carries, State, Step, Wire};
use simulator::time::TimestampUnit;
use simulator::verdict::{Failure, Outcome};
use ureq::Agent;

use crate::{made_up, wire};
pub use answered::{Answered, ScoreLine};
use function::function;
pub use table::Score;

/// How many times a raced step is sent at once.
pub const RACERS: usize = 8;

/// A server that answers nothing takes the whole patience of each call.
pub const MOST_UNANSWERED: usize = 3;

/// Looks up the state that is stored; `None` if there is nothing.
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
    /// The unit of V2's timestamp.
    pub unit: TimestampUnit,
}

/// Which answers are right.
#[derive(Clone, Copy)]
pub enum Rules<'a> {
    /// koohook's own decisions, to the letter; with a look at the store behind it.
    Koohook(Option<Look<'a>>),
    /// What the guides ask for: anything else is at most remarked.
    Guides,
}

/// One side of the wire, with a clock that never goes back.
pub struct Player<'a> {
    client: Agent,
    seller: Seller<'a>,
    rules: Rules<'a>,
    instance_id: String,
    is_bought: bool,
    served: BTreeSet<String>,
    last_millis: u64,
    calls: usize,
    /// How many of the last calls had no answer.
    unanswered: usize,
}

impl<'a> Player<'a> {
    /// A player of one life.
    pub fn new(seller: Seller<'a>, rules: Rules<'a>) -> Self {
        Self {
            client: wire::client(),
            seller,
            rules,
            instance_id: String::new(),
            is_bought: false,
            served: BTreeSet::new(),
            last_millis: 0,
            calls: 0,
            unanswered: 0,
        }
    }

    /// The instance whose life it is; empty before its first answer.
    pub fn instance_id(&self) -> &str {
        &self.instance_id
    }

    /// How many calls were sent.
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// Plays one step: several times at once if it is raced, and again if it is repeated.
    pub fn act<'s>(&mut self, step: &'s Step) -> ScoreLine<'s> {
        let mut sent = self.act_once(step, if step.race { RACERS } else { 1 });
        if step.repeat && !self.is_given_up() {
            sent.extend(self.act_once(step, 1));
        }
        ScoreLine { step, sent }
    }

    /// Whether anything was answered with success.
    pub fn is_any_served(&self) -> bool {
        !self.served.is_empty()
    }

    /// Whether so many calls in a row had no answer that no more are sent.
    pub const fn is_given_up(&self) -> bool {
        self.unanswered >= MOST_UNANSWERED
    }

    /// Sends a step once, without its races and repeats.
    pub fn try_out(&mut self, step: &Step) -> Option<Answered> {
        self.act_once(step, 1).pop()
    }

    fn act_once(&mut self, step: &Step, times: usize) -> Vec<Answered> {
        let moments = self.moments(times);
        let mut sent = self.send(step, &moments);
        self.calls += sent.len();
        self.count_unanswered(&sent);
        if step.race && matches!(self.rules, Rules::Koohook(None) | Rules::Guides) {
            forgive_the_waiting(&mut sent);
        }
        self.learn(step, &mut sent);
        self.note_served(step, &sent);
        if let Rules::Koohook(Some(look)) = self.rules {
            let state = look(&self.instance_id).unwrap_or(State::Absent);
            sent.iter_mut().for_each(|answered| answered.compare_state(step, state));
        }
        sent
    }

    /// Only the guides' rules keep a status: without one there was no answer.
    fn count_unanswered(&mut self, sent: &[Answered]) {
        if matches!(self.rules, Rules::Guides) {
            let silent = sent.iter().rev().take_while(|answered| answered.status.is_none()).count();
            let before = if silent == sent.len() { self.unanswered } else { 0 };
            self.unanswered = before + silent;
        }
    }

    /// Learns the instance's ID from the answers that name it. The answers of one race must name
    /// one; if they do not, the next answer tells.
    fn learn(&mut self, step: &Step, sent: &mut [Answered]) {
        let buys = matches!(step.carries, Carries::ThisInstance { .. });
        // After a purchase, a rehearsal's ID is not that of the instance.
        let is_made_up = self.is_bought && step.is_rehearsal();
        if !self.instance_id.is_empty() || !buys || is_made_up {
            return;
        }
        self.is_bought |= !step.is_rehearsal();
        let named = sent.iter().filter_map(|answered| answered.instance_id.clone());
        let named: BTreeSet<String> = named.collect();
        let count = named.len();
        if count > 1 {
            let failure = Failure {
                seen: format!("{} answers at once name {count} instances", sent.len()),
                wanted: format!("one instance for one order ({}, newInstance)", guide(step)),
            };
            if let Some(first) = sent.first_mut() {
                first.outcome = Outcome::Failed(failure);
            }
        } else {
            self.instance_id = named.into_iter().next().unwrap_or_default();
        }
    }

    /// An activity that was served once cannot be unserved later.
    fn note_served(&mut self, step: &Step, sent: &[Answered]) {
        if sent.iter().any(|answered| answered.code == "000000") {
            self.served.insert(step.service().to_owned());
        }
    }

    fn send(&self, step: &Step, moments: &[Moment]) -> Vec<Answered> {
        thread::scope(|scope| {
            let racing: Vec<_> =
                moments.iter().map(|moment| scope.spawn(|| self.send_one(step, moment))).collect();
            racing
                .into_iter()
                .map(|sent| sent.join().unwrap_or_else(|_| Answered::none("a thread panicked")))
                .collect()
        })
    }

    fn send_one(&self, step: &Step, moment: &Moment) -> Answered {
        let Seller { address, access_key, kit_key, sealed_secret, unit } = self.seller;
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
        let request = match step.request_in(&wire, unit) {
            Ok(request) => request,
            Err(fault) => return Answered::none(&fault.to_string()),
        };
        match wire::send(&self.client, request) {
            Ok(reply) if matches!(self.rules, Rules::Guides) => {
                Answered::by_guides(step, &wire, reply, self.served.contains(step.service()))
            }
            Ok(reply) => Answered::by_koohook(step, &wire, &reply),
            Err(fault) => Answered::none(&fault.to_string()),
        }
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

/// If a purchase is raced, one call makes it and the others find it under way: the marketplace
/// asks again, so they are right.
fn forgive_the_waiting(sent: &mut [Answered]) {
    if sent.iter().any(|answered| !answered.waits && answered.is_right()) {
        for answered in sent.iter_mut().filter(|answered| answered.waits) {
            answered.outcome = Outcome::Right;
        }
    }
}

/// What every request has for itself.
struct Moment {
    now_millis: u64,
    business_id: String,
    nonce: String,
}

/// The guide that a step follows.
pub const fn guide(step: &Step) -> &'static str {
    if step.call.contract.is_v2() { "access guide 2.0" } else { "access guide 1.0" }
}
