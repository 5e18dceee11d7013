//! The report of a conformance run. It alone goes to the standard output, and it is the same for
//! the same server: no times, no order IDs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::process::ExitCode;

use sender::life::{Contract, Step};
use sender::verdict::Outcome;

use super::presence::{Pair, Presence, contract};
use crate::demo::Only;
use crate::output::{errln, outln};
use crate::play::Line;

/// What was played so far.
pub struct Report {
    lives: bool,
    only: Option<Only>,
    width: usize,
    calls: usize,
    failures: usize,
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

impl Report {
    /// Begins a report.
    pub fn begin(address: &str, lives: bool, only: Option<Only>) -> Self {
        let what = if lives { "whole lives" } else { "rehearsals" };
        outln!("koohook conform: {what} at {address}");
        Self {
            lives,
            only,
            width: 0,
            calls: 0,
            failures: 0,
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
        self.width = steps.iter().map(|step| step.title.len()).max().unwrap_or_default();
        outln!("");
        if let Some(step) = steps.first()
            && std::io::stderr().is_terminal()
        {
            errln!("koohook: playing {} calls of {}", steps.len(), long(step.call.contract));
        }
    }

    /// Prints a line.
    pub fn line(&mut self, line: &Line) {
        let Some(odd) = line.odd() else { return };
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
    fn remark(&mut self, line: &Line) -> bool {
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

    /// Neither contract is served.
    pub fn neither(&mut self, pair: &Pair, presences: &[Presence]) {
        let fails = !pair.may_be_absent(presences);
        outln!("");
        for (life, presence) in pair.lives.iter().zip(presences) {
            let Presence::Absent(seen) = presence else { continue };
            let name = long(contract(life));
            if fails {
                outln!(
                    "{name}: FAILED: every call is answered {seen}; wanted: one of the two access \
                     guides served ({}, Interface debugging)",
                    pair.name
                );
                self.failures += 1;
                *self.codes.entry(seen.clone()).or_default() += 1;
            } else {
                outln!("{name}: not served: {seen}");
                self.unserved.insert((name, String::new()));
            }
        }
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
        let is_each = |seen: &str| self.failures > 0 && self.codes.keys().all(|code| code == seen);
        if is_each("000001") {
            return "compare the access key with the server's; 000001 says that the signature is \
                    wrong. koohook send repeats one call.";
        }
        if is_each("HTTP 404") {
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
