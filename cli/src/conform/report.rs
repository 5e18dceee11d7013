//! The report of `koohook conform`. Only the report goes to the standard output. It contains no times and
//! no order IDs, so that it is the same for the same server.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::process::ExitCode;

use simulator::scenario::{Contract, Step};
use simulator::verdict::Outcome;

use super::probe::CommonAnswer;
use crate::options::AccessGuide;
use crate::output::{errln, outln};
use crate::player::{MOST_UNANSWERED, PlayedStep};
use crate::scenario::contract;
use crate::wire;

/// The counts of the calls that were played.
pub struct ConformReport {
    is_whole: bool,
    only: Option<AccessGuide>,
    has_path: bool,
    width: usize,
    calls: usize,
    failures: usize,
    /// The failures before the current contract.
    failures_before: usize,
    is_any_right: bool,
    /// The answers of the current contract that count as not served.
    unserved_answers: BTreeSet<String>,
    /// Contracts that are not served, and activities that are not served.
    unserved: BTreeSet<(&'static str, String)>,
    /// Result codes of the lines that failed.
    codes: BTreeMap<String, usize>,
    remarks: BTreeMap<(&'static str, String), RemarkCount>,
}

/// The lines with the same remark.
struct RemarkCount {
    lines: usize,
    /// The title of the first one.
    first: String,
}

impl ConformReport {
    /// Begins a report.
    pub fn begin(address: &str, is_whole: bool, only: Option<AccessGuide>) -> Self {
        let what = if is_whole { "scenarios" } else { "rehearsals" };
        outln!("koohook conform: {what} at {address}");
        Self {
            is_whole,
            only,
            has_path: wire::has_path(address),
            width: 0,
            calls: 0,
            failures: 0,
            failures_before: 0,
            is_any_right: false,
            unserved_answers: BTreeSet::new(),
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
        self.unserved_answers.clear();
        self.width = steps.iter().map(|step| step.title.len()).max().unwrap_or_default();
        outln!("");
        if let Some(step) = steps.first()
            && std::io::stderr().is_terminal()
        {
            errln!("koohook: playing {} calls of {}", steps.len(), long(step.call.contract));
        }
    }

    /// Prints the line of a step.
    pub fn played(&mut self, line: &PlayedStep) {
        let Some(answer) = line.shown_answer() else { return };
        self.is_any_right |= answer.is_right();
        let verdict = match &answer.outcome {
            Outcome::Failed(failure) => {
                self.failures += 1;
                *self.codes.entry(answer.code.clone()).or_default() += 1;
                format!("FAILED: {failure}")
            }
            Outcome::NotServed(seen) => {
                let step = line.step;
                let service = (long(step.call.contract), step.service().to_owned());
                self.unserved.insert(service);
                self.unserved_answers.insert(seen.clone());
                format!("not served: {seen}")
            }
            Outcome::Right if self.count_remarks(line) => "remark".to_owned(),
            Outcome::Right => "ok".to_owned(),
        };
        let code = if answer.code.is_empty() { "-" } else { &answer.code };
        self.print(line.step, &line.sent_text(), code, &verdict);
    }

    /// Prints the line of a step that is not sent because the purchase failed.
    pub fn unplayed(&self, step: &Step) {
        self.print(step, "not sent", "-", "skipped: no answer contained the instanceId");
    }

    fn print(&self, step: &Step, sent: &str, code: &str, verdict: &str) {
        let (name, width) = (long(step.call.contract), self.width);
        outln!("{name:<6}  {:width$}  {sent:<19}  {code:<6}  {verdict}", step.title);
    }

    /// Keeps the remarks of a line for the end of the report. Returns whether it has any.
    fn count_remarks(&mut self, line: &PlayedStep) -> bool {
        let remarks = line.sent.iter().flat_map(|answered| &answered.remarks);
        let mut texts: Vec<String> = remarks.map(ToString::to_string).collect();
        texts.sort();
        texts.dedup();
        let is_any = !texts.is_empty();
        for text in texts {
            let key = (long(line.step.call.contract), text);
            let first = line.step.title.clone();
            self.remarks.entry(key).or_insert(RemarkCount { lines: 0, first }).lines += 1;
        }
        is_any
    }

    /// Reports a contract that is not served, if the other one is served.
    pub fn absent(&mut self, scenario: &[Step], seen: &str) {
        let name = long(contract(scenario));
        self.unserved.insert((name, String::new()));
        outln!("\n{name}: not served: {seen}");
        errln!(
            "koohook: if your product uses {name}, run with --only {}",
            if contract(scenario).is_v2() { "v2" } else { "v1" }
        );
    }

    /// Reports a contract that is not served, if the other one is not served either.
    pub fn missing(&mut self, scenario: &[Step], seen: &CommonAnswer) {
        let fault = if contract(scenario).is_kit() {
            format!(
                "every call is answered {}; the server must serve the kit under access guide 1.0 or \
                 2.0; {NO_KIT}",
                seen.text
            )
        } else {
            format!(
                "every call is answered {}; the server must serve access guide 1.0 or 2.0; {}",
                seen.text, seen.advice
            )
        };
        self.failed(scenario, &fault, &seen.text);
    }

    /// Reports a contract whose calls all fail in the same way.
    pub fn failing(&mut self, scenario: &[Step], seen: &CommonAnswer) {
        let CommonAnswer { text, advice } = seen;
        let separator = if advice.is_empty() { "" } else { "; " };
        let fault =
            format!("every call fails: {text}{separator}{advice}{}", self.way_out(scenario));
        self.failed(scenario, &fault, text);
    }

    /// Reports a contract whose server stopped answering.
    pub fn given_up(&mut self, scenario: &[Step]) {
        let fault = format!(
            "{MOST_UNANSWERED} calls in a row had no answer, so the rest is not sent; read the \
             server's log"
        );
        self.failed(scenario, &fault, "");
    }

    /// Reports a contract without any successful call. Some activities may be unserved, but not all
    /// of them.
    pub fn unserved(&mut self, scenario: &[Step]) {
        if self.failures != self.failures_before {
            return;
        }
        let answers: Vec<String> = std::mem::take(&mut self.unserved_answers).into_iter().collect();
        if let [only] = answers.as_slice() {
            let common = CommonAnswer::new(only, contract(scenario));
            self.failing(scenario, &common);
            return;
        }
        let seen = if answers.is_empty() { "" } else { ", but " };
        let fault = format!(
            "no call is answered 000000{seen}{}; read the server's log{}",
            answers.join(", "),
            self.way_out(scenario)
        );
        self.failed(scenario, &fault, "");
    }

    /// The advice for a product that does not use the contract.
    fn way_out(&self, scenario: &[Step]) -> String {
        let contract = contract(scenario);
        if contract.is_kit() {
            // --only would also leave out the base interfaces of this contract.
            return format!("; {NO_KIT}");
        }
        if self.only.is_some() {
            return String::new();
        }
        let other = if contract.is_v2() { "v1" } else { "v2" };
        format!("; if your product does not use {}, run with --only {other}", long(contract))
    }

    fn failed(&mut self, scenario: &[Step], fault: &str, code: &str) {
        outln!("\n{}: FAILED: {fault}", long(contract(scenario)));
        self.failures += 1;
        *self.codes.entry(code.to_owned()).or_default() += 1;
    }

    /// Prints the remarks, the counts and the next step. Returns the exit code.
    pub fn conclude(self) -> ExitCode {
        if !self.remarks.is_empty() {
            outln!("\nRemarks (these calls work; check each point once):");
        }
        for ((contract, text), RemarkCount { lines, first }) in &self.remarks {
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
            return "add the path to the address; koohook's own path is /saasproduce.";
        }
        let is_each = |seen: &str| self.failures > 0 && self.codes.keys().all(|code| code == seen);
        if is_each("000001") {
            return "compare the access key with the server's key; if they are equal, read the \
                    server's log. koohook send repeats one call.";
        }
        if ["HTTP 404", "HTTP 405", "HTTP 501"].into_iter().any(is_each) {
            return "correct the path of the address; koohook's own path is /saasproduce. koohook \
                    also answers 404 if the key of the route is not set.";
        }
        if self.failures > 0 {
            return "correct each line that FAILED, then run this again. koohook send repeats one call.";
        }
        match (self.is_whole, self.only) {
            (false, None) => "run koohook conform --scenarios against a test installation.",
            (false, Some(_)) => "add --scenarios, against a test installation.",
            (true, _) => "debug and save each case on the marketplace's debugging page.",
        }
    }
}

/// What to do if the product has no kit.
const NO_KIT: &str =
    "if your product does not use the kit, do not give its key (KOOHOOK_KIT_KEY, --kit-key)";

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
