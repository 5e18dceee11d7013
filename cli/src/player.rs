//! Plays the marketplace. It sends the steps of a scenario over HTTP and judges each answer.

mod function_name;
mod judged_answer;

use std::collections::BTreeSet;
use std::thread;

use simulator::scenario::{Carries, State, Step, Wire};
use simulator::time::TimestampUnit;
use simulator::verdict::{Failure, Outcome};
use ureq::Agent;

use self::function_name::function_name;
pub use self::judged_answer::{JudgedAnswer, PlayedStep, state_word};
use crate::scenario::guide;
use crate::{generated, wire};

/// The marketplace's side of one scenario. Its clock never goes back.
pub struct Player<'a> {
    client: Agent,
    seller: Seller<'a>,
    rules: AnswerRules<'a>,
    instance_id: String,
    is_bought: bool,
    served: BTreeSet<String>,
    /// When its calls are signed; `None` for now.
    signs_at: Option<u64>,
    last_millis: u64,
    calls: usize,
    /// How many calls in a row had no answer.
    unanswered: usize,
}

/// Looks up the stored state of an instance; `None` if it is not stored.
pub type StateLookup<'a> = &'a (dyn Fn(&str) -> Option<State> + Sync);

/// The address and the keys of the seller's server.
#[derive(Clone, Copy)]
pub struct Seller<'a> {
    /// The production address.
    pub address: &'a str,
    /// The access key of the base interfaces.
    pub access_key: &'a str,
    /// The access key of the kit.
    pub kit_key: &'a str,
    /// A client secret, encrypted with the seller's public key.
    pub sealed_secret: &'a str,
    /// The unit of V2's timestamp.
    pub unit: TimestampUnit,
}

/// The rules that decide which answers are right.
#[derive(Clone, Copy)]
pub enum AnswerRules<'a> {
    /// The answer must be exactly koohook's own. With a lookup, the stored state must be right too.
    Koohook(Option<StateLookup<'a>>),
    /// The answer must follow the guides. An answer that only works gets a remark.
    Guides,
}

/// Values that no other request has.
struct FreshValues {
    now_millis: u64,
    business_id: String,
    nonce: String,
}

impl<'a> Player<'a> {
    /// Creates a player of one scenario.
    pub fn new(seller: Seller<'a>, rules: AnswerRules<'a>) -> Self {
        Self {
            client: wire::client(),
            seller,
            rules,
            instance_id: String::new(),
            is_bought: false,
            served: BTreeSet::new(),
            signs_at: None,
            last_millis: 0,
            calls: 0,
            unanswered: 0,
        }
    }

    /// Signs the next calls at a time in milliseconds, instead of now.
    pub const fn sign_at(&mut self, millis: u64) {
        self.signs_at = Some(millis);
    }

    /// The instance of the scenario; empty before the first answer that has its ID.
    pub fn instance_id(&self) -> &str {
        &self.instance_id
    }

    /// How many calls were sent.
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// Plays one step. A race sends it several times concurrently. A repeat sends it once more.
    pub fn play_step<'s>(&mut self, step: &'s Step) -> PlayedStep<'s> {
        let mut sent = self.play_times(step, if step.race { RACERS } else { 1 });
        if step.repeat && !self.is_given_up() {
            sent.extend(self.play_times(step, 1));
        }
        PlayedStep { step, sent }
    }

    /// Whether an answer was `000000`.
    pub fn is_any_served(&self) -> bool {
        !self.served.is_empty()
    }

    /// Whether too many calls in a row had no answer, so that no more are sent.
    pub const fn is_given_up(&self) -> bool {
        self.unanswered >= MOST_UNANSWERED
    }

    /// Sends a step once, without its race and its repeat.
    pub fn play_once(&mut self, step: &Step) -> Option<JudgedAnswer> {
        self.play_times(step, 1).pop()
    }

    fn play_times(&mut self, step: &Step, times: usize) -> Vec<JudgedAnswer> {
        let fresh_values = self.fresh_values(times);
        let mut sent = self.send(step, &fresh_values);
        self.calls += sent.len();
        self.count_unanswered(&sent);
        if step.race && matches!(self.rules, AnswerRules::Koohook(None) | AnswerRules::Guides) {
            accept_waiting(&mut sent);
        }
        self.keep_instance_id(step, &mut sent);
        self.note_served(step, &sent);
        if let AnswerRules::Koohook(Some(look_up)) = self.rules {
            let state = look_up(&self.instance_id).unwrap_or(State::Absent);
            sent.iter_mut().for_each(|answered| answered.compare_state(step, state));
        }
        sent
    }

    /// Counts calls without an answer: they have no status. Only the guides' rules record a status.
    fn count_unanswered(&mut self, sent: &[JudgedAnswer]) {
        if matches!(self.rules, AnswerRules::Guides) {
            let silent = sent.iter().rev().take_while(|answered| answered.status.is_none()).count();
            let before = if silent == sent.len() { self.unanswered } else { 0 };
            self.unanswered = before + silent;
        }
    }

    /// Reads the instance's ID from the answers. The answers of one race must name one instance. If they
    /// name several, the step fails and the ID of the next answer counts.
    fn keep_instance_id(&mut self, step: &Step, sent: &mut [JudgedAnswer]) {
        let buys = matches!(step.carries, Carries::ThisInstance { .. });
        // After a purchase, the ID of a rehearsal is not the ID of the instance.
        let is_other_id = self.is_bought && step.is_rehearsal();
        if !self.instance_id.is_empty() || !buys || is_other_id {
            return;
        }
        self.is_bought |= !step.is_rehearsal();
        let named = sent.iter().filter_map(|answered| answered.instance_id.clone());
        let named: BTreeSet<String> = named.collect();
        let count = named.len();
        if count > 1 {
            let failure = Failure {
                seen: format!("{} concurrent answers contain {count} instance IDs", sent.len()),
                wanted: format!(
                    "one instance ID for one order ({}, newInstance); check that concurrent calls of one order \
                     wait for each other",
                    guide(step)
                ),
            };
            if let Some(first) = sent.first_mut() {
                first.outcome = Outcome::Failed(failure);
            }
        } else {
            self.instance_id = named.into_iter().next().unwrap_or_default();
        }
    }

    /// Records a served activity. A later answer to it cannot count as not served.
    fn note_served(&mut self, step: &Step, sent: &[JudgedAnswer]) {
        if sent.iter().any(|answered| answered.code == "000000") {
            self.served.insert(step.service().to_owned());
        }
    }

    fn send(&self, step: &Step, fresh_values: &[FreshValues]) -> Vec<JudgedAnswer> {
        thread::scope(|scope| {
            let racing: Vec<_> = fresh_values
                .iter()
                .map(|fresh| scope.spawn(|| self.send_one(step, fresh)))
                .collect();
            racing
                .into_iter()
                .map(|sent| sent.join().unwrap_or_else(|_| JudgedAnswer::none("a thread panicked")))
                .collect()
        })
    }

    fn send_one(&self, step: &Step, fresh: &FreshValues) -> JudgedAnswer {
        let Seller { address, access_key, kit_key, sealed_secret, unit } = self.seller;
        let address = address.replace("{function}", &function_name(step));
        let wire = Wire {
            address: &address,
            access_key,
            kit_key,
            sealed_secret,
            now_millis: fresh.now_millis,
            business_id: &fresh.business_id,
            nonce: &fresh.nonce,
            instance_id: &self.instance_id,
        };
        let request = match step.request_in(&wire, unit) {
            Ok(request) => request,
            Err(fault) => return JudgedAnswer::none(&fault.to_string()),
        };
        match wire::send(&self.client, request) {
            Ok(reply) if matches!(self.rules, AnswerRules::Guides) => {
                JudgedAnswer::by_guides(step, &wire, reply, self.served.contains(step.service()))
            }
            Ok(reply) => JudgedAnswer::by_koohook(step, &wire, &reply),
            Err(fault) => JudgedAnswer::none(&fault.to_string()),
        }
    }

    /// Values for several requests. Concurrent requests have one time and different nonces.
    fn fresh_values(&mut self, times: usize) -> Vec<FreshValues> {
        let now = self.signs_at.unwrap_or_else(generated::now_millis);
        self.last_millis = now.max(self.last_millis + 1);
        let fresh = |_| FreshValues {
            now_millis: self.last_millis,
            business_id: generated::id(),
            nonce: generated::id(),
        };
        (0..times).map(fresh).collect()
    }
}

/// Accepts 000004 in a race: one call creates the instance, and the server answers 000004 to the others.
/// The marketplace sends them again, so these answers are right.
fn accept_waiting(sent: &mut [JudgedAnswer]) {
    if sent.iter().any(|answered| !answered.waits && answered.is_right()) {
        for answered in sent.iter_mut().filter(|answered| answered.waits) {
            answered.outcome = Outcome::Right;
        }
    }
}

/// How many times a race sends its step concurrently.
pub const RACERS: usize = 8;

/// After this many calls in a row without an answer no more are sent, because each waits for its timeout.
pub const MOST_UNANSWERED: usize = 3;
