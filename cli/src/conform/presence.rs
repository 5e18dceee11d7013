//! Whether a server serves a contract at all: most serve one of the two.

use sender::life::{Contract, Step};
use sender::verdict::Outcome;

use super::report::Report;
use crate::play::{Answered, Player, Rules, Seller};

/// The lives of both contracts, of the base interfaces or of the kit.
pub struct Pair {
    /// What they are.
    pub name: &'static str,
    /// A life for each contract.
    pub lives: Vec<Vec<Step>>,
    /// Whether some product needs neither.
    is_optional: bool,
}

/// Whether a contract is served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Presence {
    /// It is played.
    Served,
    /// Every call is answered alike, and none is served; how.
    Absent(String),
}

impl Pair {
    /// The base interfaces.
    pub const fn base(lives: Vec<Vec<Step>>) -> Self {
        Self { name: "base interfaces", lives, is_optional: false }
    }

    /// The kit, which joint products alone need.
    pub const fn kit(lives: Vec<Vec<Step>>) -> Self {
        Self { name: "kit", lives, is_optional: true }
    }

    /// Whether any contract is served.
    pub fn is_any_served(&self, presences: &[Presence]) -> bool {
        presences.contains(&Presence::Served)
    }

    /// Whether a server may serve neither contract. It may not reject the key of both.
    pub fn may_be_absent(&self, presences: &[Presence]) -> bool {
        let rejects = |presence: &Presence| *presence == Presence::Absent("000001".to_owned());
        self.is_optional && !presences.iter().any(rejects)
    }
}

/// Tries out two rehearsals that every server of this contract must serve.
pub fn look(seller: Seller, life: &[Step], report: &mut Report) -> Presence {
    let mut player = Player::new(seller, Rules::Guides);
    let tried = PROBES.iter().filter_map(|activity| {
        let is_probe = |step: &&Step| step.is_rehearsal() && step.activity() == *activity;
        player.try_out(life.iter().find(is_probe)?)
    });
    let tried: Vec<Answered> = tried.collect();
    report.add_calls(player.calls());
    let seen: Vec<Option<String>> = tried.iter().map(unserved).collect();
    match seen.split_first() {
        Some((Some(first), rest)) if rest.iter().all(|other| other.as_ref() == Some(first)) => {
            Presence::Absent(first.clone())
        }
        _ => Presence::Served,
    }
}

/// How a call was answered that is not served: `None` if an interface tried to serve it.
fn unserved(answered: &Answered) -> Option<String> {
    match (&answered.outcome, answered.status) {
        (Outcome::NotServed(seen), _) => Some(seen.clone()),
        (_, Some(status)) if status != 200 => Some(format!("HTTP {status}")),
        _ if answered.code == "000000" => None,
        _ if !answered.code.is_empty() => Some(answered.code.clone()),
        (Outcome::Failed(failure), Some(_)) if !answered.is_code_mistyped => {
            Some(failure.seen.clone())
        }
        _ => None,
    }
}

/// The contract of a life.
pub fn contract(life: &[Step]) -> Contract {
    life.first().map_or(Contract::V2, |step| step.call.contract)
}

/// Each contract has two of these.
const PROBES: [&str; 4] = ["newInstance", "releaseInstance", "tenantSync", "singleOrgSync"];
