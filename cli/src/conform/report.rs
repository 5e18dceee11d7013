//! The report of a conformance run. It alone goes to the standard output, and it is the same for
//! the same server: no times, no order IDs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::process::ExitCode;

use simulator::scenario::{Contract, Step};
use simulator::verdict::Outcome;

use super::presence::{Seen, contract};
use crate::demo::Only;
use crate::output::{errln, outln};
use crate::play::{MOST_UNANSWERED, ScoreLine};
use crate::wire;

/// What was played so far.
pub struct ConformReport {
    lives: bool,
    only: Option<Only>,
    has_path: bool,
    width: usize,
    calls: usize,
    failures: usize,
    /// How many there were before the contract that is played.
    failures_before: usize,
    is_any_right: bool,
    /// Contracts, and activities of contracts, that are not served.
    unserved: BTreeSet<(&'static str, String)>,
    /// Result codes of the lines that failed.
    codes: BTreeMap<String, usize>,
    remarks: BTreeMap<(&'static str, String), Remarked>,
}

/// Where a remark was made.
struct Remarked {
    lines: usize,
    first: String,
}

impl ConformReport {
    /// Begins a report.
    pub fn begin(address: &str, lives: bool, only: Option<Only>) -> Self {
        let what = if lives { "whole lives" } else { "rehearsals" };
        outln!("koohook conform: {what} at {address}");
        Self {
            lives,
            only,
            has_path: wire::has_path(address),
            width: 0,
            calls: 0,
            failures: 0,
            failures_before: 0,
            is_any_right: false,
            unserved: BTreeSet::new(),
            codes: BTreeMap::new(),
            remarks: BTreeMap::new(),
        }
    }

    /// Counts calls.
    pub const fn add_calls(&mut self, calls: usize) {
        self.calls += calls;
    }

    /// Begins the lines of one contract.
    pub fn start(&mut self, steps: &[&Step]) {
        self.failures_before = self.failures;
        self.width = steps.iter().map(|step| step.title.len()).max().unwrap_or_default();
        outln!("");
        if let Some(step) = steps.first()
            && std::io::stderr().is_terminal()
        {
            errln!("koohook: playing {} calls of {}", steps.len(), long(step.call.contract));
        }
    }

    /// Prints a line.
    pub fn line(&mut self, line: &ScoreLine) {
        let Some(odd) = line.odd() else { return };
        self.is_any_right |= odd.is_right();
        let verdict = match &odd.outcome {
            Outcome::Failed(failure) => {
                self.failures += 1;
                *self.codes.entry(odd.code.clone()).or_default() += 1;
                format!("FAILED: {failure}")
            }
            Outcome::NotServed(seen) => {
                let step = line.step;
                let service = (long(step.call.contract), step.service().to_owned());
                self.unserved.insert(service);
                format!("not served: {seen}")
            }
            Outcome::Right if self.remark(line) => "remark".to_owned(),
            Outcome::Right => "ok".to_owned(),
        };
        let code = if odd.code.is_empty() { "-" } else { &odd.code };
        self.print(line.step, &line.sent_text(), code, &verdict);
    }

    /// A step of a life whose purchase failed.
    pub fn unplayed(&self, step: &Step) {
        self.print(step, "not sent", "-", "not played: no answer told the instanceId");
    }

    fn print(&self, step: &Step, sent: &str, code: &str, verdict: &str) {
        let (name, width) = (long(step.call.contract), self.width);
        outln!("{name:<6}  {:width$}  {sent:<19}  {code:<6}  {verdict}", step.title);
    }

    /// Keeps what is worth knowing of a line for the end; whether there is anything.
    fn remark(&mut self, line: &ScoreLine) -> bool {
        let remarks = line.sent.iter().flat_map(|answered| &answered.remarks);
        let mut texts: Vec<String> = remarks.map(ToString::to_string).collect();
        texts.sort();
        texts.dedup();
        let is_any = !texts.is_empty();
        for text in texts {
            let key = (long(line.step.call.contract), text);
            let first = line.step.title.clone();
            self.remarks.entry(key).or_insert(Remarked { lines: 0, first }).lines += 1;
        }
        is_any
    }

    /// A contract that is not served while the other one is.
    pub fn absent(&mut self, life: &[Step], seen: &str) {
        let name = long(contract(life));
        self.unserved.insert((name, String::new()));
        outln!("\n{name}: not served: {seen}");
        errln!(
            "koohook: if your product uses {name}, run with --only {}",
            if contract(life).is_v2() { "v2" } else { "v1" }
        );
    }

    /// A contract that is not served, and the other one is not either.
    pub fn missing(&mut self, life: &[Step], seen: &Seen, pair: &str) {
        let fault = format!(
            "every call is answered {}; wanted: one of the two access guides served ({pair}, \
             Interface debugging)",
            seen.text
        );
        self.failed(life, &fault, &seen.text);
    }

    /// A contract of which every call fails alike, although its key was given.
    pub fn failing(&mut self, life: &[Step], seen: &Seen) {
        let Seen { text, advice } = seen;
        let colon = if advice.is_empty() { "" } else { ": " };
        let fault = format!("every call fails: {text}{colon}{advice}{}", self.way_out(life));
        self.failed(life, &fault, text);
    }

    /// A contract whose server does not answer any longer.
    pub fn given_up(&mut self, life: &[Step]) {
        let fault = format!(
            "{MOST_UNANSWERED} calls in a row had no answer, and the rest is not played: see the \
             server's log"
        );
        self.failed(life, &fault, "");
    }

    /// A contract of which no call was served, although every activity may be not served.
    pub fn unserved(&mut self, life: &[Step]) {
        if self.failures == self.failures_before {
            let fault = format!(
                "no call is answered 000000: compare the access key and the path{}",
                self.way_out(life)
            );
            self.failed(life, &fault, "");
        }
    }

    /// What to do if the contract is not served on purpose.
    fn way_out(&self, life: &[Step]) -> String {
        if self.only.is_some() {
            return String::new();
        }
        let contract = contract(life);
        let other = if contract.is_v2() { "v1" } else { "v2" };
        format!("; if your product does not use {}, run with --only {other}", long(contract))
    }

    fn failed(&mut self, life: &[Step], fault: &str, code: &str) {
        outln!("\n{}: FAILED: {fault}", long(contract(life)));
        self.failures += 1;
        *self.codes.entry(code.to_owned()).or_default() += 1;
    }

    /// Prints the remarks, the sum and what to do next; the exit code.
    pub fn conclude(self) -> ExitCode {
        if !self.remarks.is_empty() {
            outln!("\nRemarks (these work, and are worth knowing):");
        }
        for ((contract, text), Remarked { lines, first }) in &self.remarks {
            let where_else = match lines - 1 {
                0 => first.clone(),
                more => format!("{first}, and {more} more"),
            };
            outln!("{contract:<6}  {text} [{where_else}]");
        }
        outln!(
            "\n{} calls, {}, {}, {} not served.",
            self.calls,
            counted(self.failures, "failure"),
            counted(self.remarks.len(), "remark"),
            self.unserved.len()
        );
        outln!("Next: {}", self.next());
        if self.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn next(&self) -> &'static str {
        if self.failures > 0 && !self.is_any_right && !self.has_path {
            return "write the path behind the host of the address; koohook's own is /saasproduce.";
        }
        let is_each = |seen: &str| self.failures > 0 && self.codes.keys().all(|code| code == seen);
        if is_each("000001") {
            return "compare the access key with the server's; 000001 says that the signature is \
                    wrong. koohook send repeats one call.";
        }
        if ["HTTP 404", "HTTP 405", "HTTP 501"].into_iter().any(is_each) {
            return "correct the path of the address; koohook's own is /saasproduce, and a route \
                    without its key is 404.";
        }
        if self.failures > 0 {
            return "mend what FAILED, then run this again; koohook send repeats one call.";
        }
        match (self.lives, self.only) {
            (false, None) => {
                "koohook conform --lives plays whole lives, against an installation on trial."
            }
            (false, Some(_)) => {
                "add --lives to play whole lives, against an installation on trial."
            }
            (true, _) => "debug and save each case on the marketplace's debugging page.",
        }
    }
}

fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

const fn long(contract: Contract) -> &'static str {
    match contract {
        Contract::V1 => "V1",
        Contract::V2 => "V2",
        Contract::KitV1 => "V1 kit",
        Contract::KitV2 => "V2 kit",
    }
}
