//! Finds out whether a server serves a contract. Most servers serve one of the two.

use simulator::scenario::{Contract, Step};
use simulator::verdict::{ABSENT, Outcome};

use crate::player::{AnswerRules, JudgedAnswer, Player, Seller};
use crate::scenario::contract;
use crate::wire::advice;

/// Whether a contract is served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ContractStatus {
    /// The server serves it.
    Served,
    /// The server answers every call with a status that means "not served".
    Absent(CommonAnswer),
    /// Every call fails in the same way. The contract is not served, or its key or address is wrong.
    Failing(CommonAnswer),
}

/// The answer that all calls of a contract have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommonAnswer {
    /// The HTTP status, the result code, or the fault.
    pub text: String,
    /// The advice; empty if there is none.
    pub advice: String,
}

impl CommonAnswer {
    /// The answer that is an HTTP status or a result code, with the advice for it.
    pub fn new(seen: &str, contract: Contract) -> Self {
        let status = seen.strip_prefix("HTTP ").and_then(|status| status.parse().ok());
        let advice = match status {
            Some(status) => advice(status, None).unwrap_or_default(),
            None => advice_on_code(seen, contract).to_owned(),
        };
        Self { text: seen.to_owned(), advice }
    }
}

/// The result of a probe.
pub struct Probe {
    /// Whether the contract is served.
    pub status: ContractStatus,
    /// How many calls were sent.
    pub calls: usize,
}

impl ContractStatus {
    /// Whether the server reports that it does not serve the contract.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent(_))
    }
}

/// Sends two rehearsals that every server of this contract must serve.
pub fn probe(seller: Seller, scenario: &[Step]) -> Probe {
    let mut player = Player::new(seller, AnswerRules::Guides);
    let mut probed = Vec::new();
    for activity in PROBES {
        let is_probe = |step: &&Step| step.is_rehearsal() && step.activity() == activity;
        let step = scenario.iter().find(is_probe);
        let Some(answered) = step.and_then(|step| player.play_once(step)) else { continue };
        let is_silent = answered.status.is_none();
        probed.push(status(&answered, contract(scenario)));
        if is_silent {
            break;
        }
    }
    Probe { status: sum(&probed), calls: player.calls() }
}

/// A contract whose calls fail in different ways counts as served. Its lines then show the faults.
fn sum(probed: &[ContractStatus]) -> ContractStatus {
    match probed.split_last() {
        Some((silent @ ContractStatus::Failing(_), before))
            if before.iter().all(|one| one == silent) =>
        {
            silent.clone()
        }
        Some((absent, before))
            if absent.is_absent() && before.iter().all(ContractStatus::is_absent) =>
        {
            absent.clone()
        }
        _ => ContractStatus::Served,
    }
}

/// The status of a contract after one answer.
fn status(answered: &JudgedAnswer, contract: Contract) -> ContractStatus {
    let code = answered.code.as_str();
    let failure = match &answered.outcome {
        Outcome::Failed(failure) => failure.seen.clone(),
        Outcome::NotServed(_) | Outcome::Right => String::new(),
    };
    match answered.status {
        None => ContractStatus::Failing(CommonAnswer { text: failure, advice: String::new() }),
        Some(status) if status != 200 => {
            let advice = advice(status, answered.location.as_deref()).unwrap_or_default();
            let seen = CommonAnswer { text: format!("HTTP {status}"), advice };
            let is_absent = ABSENT.iter().any(|absent| absent.as_u16() == status);
            if is_absent { ContractStatus::Absent(seen) } else { ContractStatus::Failing(seen) }
        }
        Some(_) if code == "000000" || answered.is_code_mistyped => ContractStatus::Served,
        Some(_) if is_result_code(code) => {
            ContractStatus::Failing(CommonAnswer::new(code, contract))
        }
        Some(_) if failure.is_empty() => ContractStatus::Served,
        Some(_) => ContractStatus::Failing(CommonAnswer { text: failure, advice: PATH.to_owned() }),
    }
}

fn is_result_code(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

const fn advice_on_code(code: &str, contract: Contract) -> &'static str {
    match (code.as_bytes(), contract) {
        (b"000001", _) => "compare the access key with the server's key, and read the server's log",
        (b"000002", Contract::V2 | Contract::KitV2) => {
            "compare --timestamp-unit and this machine's clock with the server's, and read its log"
        }
        (b"000002", _) => {
            "compare this machine's clock with the server's clock, and read the server's log"
        }
        _ => "read the server's log",
    }
}

/// Two rehearsals of each contract.
const PROBES: [&str; 4] = ["newInstance", "releaseInstance", "tenantSync", "singleOrgSync"];
const PATH: &str = "correct the path of the address, or read the server's log";
