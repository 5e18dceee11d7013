//! Whether a server serves a contract at all: most serve one of the two.

use simulator::scenario::{Contract, Step};
use simulator::verdict::{ABSENT, Outcome};

use super::report::ConformReport;
use crate::play::{Answered, Player, Rules, Seller};
use crate::wire::advice;

/// The lives of both contracts, of the base interfaces or of the kit.
pub struct Pair {
    /// What they are.
    pub name: &'static str,
    /// A life for each contract.
    pub lives: Vec<Vec<Step>>,
}

/// Whether a contract is served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Presence {
    /// It is played.
    Served,
    /// Every call is answered as servers answer what they do not serve.
    Absent(Seen),
    /// Every call fails alike: the contract is not served, or its key or address is wrong.
    Failing(Seen),
}

/// What was seen of every call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// The HTTP status, the result code, or what is wrong.
    pub text: String,
    /// What to do.
    pub advice: String,
}

impl Pair {
    /// The base interfaces.
    pub const fn base(lives: Vec<Vec<Step>>) -> Self {
        Self { name: "base interfaces", lives }
    }

    /// The kit, whose key was given: so it is expected.
    pub const fn kit(lives: Vec<Vec<Step>>) -> Self {
        Self { name: "kit", lives }
    }
}

impl Presence {
    /// Whether the server says that it does not serve the contract.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent(_))
    }
}

/// Tries out two rehearsals that every server of this contract must serve.
pub fn look(seller: Seller, life: &[Step], report: &mut ConformReport) -> Presence {
    let mut player = Player::new(seller, Rules::Guides);
    let mut tried = Vec::new();
    for activity in PROBES {
        let is_probe = |step: &&Step| step.is_rehearsal() && step.activity() == activity;
        let Some(answered) = life.iter().find(is_probe).and_then(|step| player.try_out(step))
        else {
            continue;
        };
        let is_silent = answered.status.is_none();
        tried.push(presence(&answered, contract(life)));
        if is_silent {
            break;
        }
    }
    report.add_calls(player.calls());
    sum(&tried)
}

/// A contract is played if its calls fail differently, too: the lines then say how.
fn sum(tried: &[Presence]) -> Presence {
    match tried.split_last() {
        Some((silent @ Presence::Failing(_), before)) if before.iter().all(|one| one == silent) => {
            silent.clone()
        }
        Some((absent, before)) if absent.is_absent() && before.iter().all(Presence::is_absent) => {
            absent.clone()
        }
        _ => Presence::Served,
    }
}

/// What one answer says of its contract.
fn presence(answered: &Answered, contract: Contract) -> Presence {
    let code = answered.code.as_str();
    let failure = match &answered.outcome {
        Outcome::Failed(failure) => failure.seen.clone(),
        Outcome::NotServed(_) | Outcome::Right => String::new(),
    };
    match answered.status {
        None => Presence::Failing(Seen { text: failure, advice: String::new() }),
        Some(status) if status != 200 => {
            let advice = advice(status, answered.location.as_deref()).unwrap_or_default();
            let seen = Seen { text: format!("HTTP {status}"), advice };
            let is_absent = ABSENT.iter().any(|absent| absent.as_u16() == status);
            if is_absent { Presence::Absent(seen) } else { Presence::Failing(seen) }
        }
        Some(_) if code == "000000" || answered.is_code_mistyped => Presence::Served,
        Some(_) if is_result_code(code) => Presence::Failing(Seen {
            text: code.to_owned(),
            advice: advice_on_code(code, contract).to_owned(),
        }),
        Some(_) if failure.is_empty() => Presence::Served,
        Some(_) => Presence::Failing(Seen { text: failure, advice: PATH.to_owned() }),
    }
}

fn is_result_code(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

const fn advice_on_code(code: &str, contract: Contract) -> &'static str {
    match (code.as_bytes(), contract) {
        (b"000001", _) => "compare the access key with the server's, and see its log",
        (b"000002", Contract::V2 | Contract::KitV2) => {
            "compare --timestamp-unit and this machine's clock with the server's, and see its log"
        }
        (b"000002", _) => "compare this machine's clock with the server's, and see its log",
        _ => "see the server's log",
    }
}

/// The contract of a life.
pub fn contract(life: &[Step]) -> Contract {
    life.first().map_or(Contract::V2, |step| step.call.contract)
}

/// Each contract has two of these.
const PROBES: [&str; 4] = ["newInstance", "releaseInstance", "tenantSync", "singleOrgSync"];
const PATH: &str = "correct the path of the address, or see the server's log";
