//! What happens in one step of a history.

use std::time::Duration;

use domain::usage::{InstanceUsage, RecordState, UsageWindow};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde_json::json;
use shell::failure::Failure;
use shell::repository::RecordUpdate;
use shell::world::{Deadline, World};
use simulator::usage::SimulatedInstance;
use tests::call::run;

use super::market::WindowName;
use super::processes::{Dangers, TaskEnd, UsageTask};
use super::product::ProductRecord;
use super::scene::NEW_KEY;
use super::verdicts::ReportAnswered;
use super::{DAY, HOUR, MINUTE, PROCESSES, SECOND, UsageSimulation};

impl UsageSimulation {
    pub(super) fn step(&mut self) {
        self.pass_time();
        self.market_changes();
        self.processes_change();
        if self.chance.one_in(25) {
            self.release();
        }
        if self.chance.one_in(15) {
            self.send_again();
        }
        if self.chance.one_in(60) && !self.has_wrong_clocks {
            self.dark_hours();
        }
        let mut tasks = Vec::new();
        for relay in 0..2 {
            if self.chance.one_in(2) {
                let budget = Duration::from_secs(*self.chance.pick(&[25, 50]));
                tasks.push((relay, UsageTask::Relay(budget), Vec::new()));
            }
        }
        for endpoint in 2..PROCESSES {
            if self.chance.one_in(2) {
                let records = self.records(endpoint);
                tasks.push((endpoint, UsageTask::Report(body(&records)), records));
            }
        }
        self.play(tasks, self.dangers);
    }

    /// Runs tasks, and checks what they did.
    pub(super) fn play(
        &mut self,
        tasks: Vec<(usize, UsageTask, Vec<ProductRecord>)>,
        dangers: Dangers,
    ) {
        let begins: Vec<_> = (0..PROCESSES).map(|it| self.processes.time_of(it)).collect();
        self.notes.plays += 1;
        self.notes.sent_before = self.market.lock().requests.len();
        for (_, _, records) in &tasks {
            self.note_reported(records);
        }
        let todo: Vec<_> =
            tasks.iter().map(|(process, task, _)| (*process, task.clone())).collect();
        let ends = self.processes.play(&todo, dangers, &mut self.chance);
        let mut answers = Vec::new();
        for ((process, task, records), end) in tasks.into_iter().zip(ends) {
            let span = [begins[process], self.processes.time_of(process)];
            self.trace.push(line(process, &records, &end, span));
            self.notes.died += usize::from(end == TaskEnd::Died);
            if end == TaskEnd::Died {
                self.processes.restart(process, &self.settings_of(process));
            }
            self.notes.has_died |= end == TaskEnd::Died && matches!(task, UsageTask::Relay(_));
            if matches!(task, UsageTask::Relay(_)) {
                self.notes.runs.push((self.notes.plays, span));
            }
            match end {
                TaskEnd::Answered(status, answer) => {
                    answers.push(ReportAnswered::new(records, (status, &answer), span));
                }
                TaskEnd::Died => self.notes.unanswered.extend(records),
                TaskEnd::Ran => (),
            }
        }
        let may_fail = dangers.store_fails || dangers.freezes.is_some();
        self.check_answers(&answers, may_fail);
        self.check_wire(dangers);
        self.check_stored();
        self.check_settled(dangers);
    }

    fn pass_time(&mut self) {
        let spans = [10 * SECOND, MINUTE, 5 * MINUTE, 5 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];
        let span = match self.chance.below(150) {
            0..=5 => 7 * HOUR,
            6..=8 => 2 * DAY,
            9 => 20 * DAY,
            _ => *self.chance.pick(&spans),
        };
        let span = self.chance.below(2 * span);
        self.processes.pass(Duration::from_millis(span));
        let now = self.processes.now;
        let mut market = self.market.lock();
        market.marketplace.run_background(now);
        market.marketplace.collect(now);
    }

    fn market_changes(&mut self) {
        let chance = &mut self.chance;
        let mut market = self.market.lock();
        if chance.one_in(10) {
            market.bad_weather = *chance.pick(&[None, None, Some(8), Some(3), Some(2)]);
        }
        if chance.one_in(30) {
            market.marketplace.rules_mut().key = NEW_KEY.to_owned();
            self.trace.push("the marketplace has the new key".to_owned());
        }
        let last = self.instances.len() - 2;
        let sold = &self.instances[chance.place(last)];
        // Otherwise koohook never learns that the marketplace rejects such a record.
        let is_told = market.marketplace.rules_mut().record_codes_in_answer;
        match market.marketplace.instance_mut(&sold.id) {
            Some(instance) if is_told && chance.one_in(20) => {
                instance.abnormal = !instance.abnormal
            }
            None if chance.one_in(8) => {
                market.marketplace.know(SimulatedInstance::new(&sold.id, sold.bought_at));
                if let Some(at) = sold.released_at {
                    market.marketplace.close(&sold.id, at);
                }
            }
            _ => (),
        }
    }

    fn processes_change(&mut self) {
        for process in 0..PROCESSES {
            if self.chance.one_in(40) {
                self.has_new_key[process] = true;
                self.processes.restart(process, &self.settings_of(process));
            }
            if self.has_wrong_clocks {
                self.change_clock(process);
            }
        }
    }

    /// A clock is wrong by minutes or hours for some steps. Once, one is wrong by weeks for one step.
    fn change_clock(&mut self, process: usize) {
        if self.notes.big_jump == Some(process) {
            self.notes.big_jump = None;
            self.processes.skew(process, 0);
        }
        if !self.notes.has_jumped && self.chance.one_in(200) {
            (self.notes.has_jumped, self.notes.big_jump) = (true, Some(process));
            let days = if self.chance.one_in(2) { 23 } else { 400 };
            self.trace.push(format!("the clock of {process} is {days} days ahead"));
            self.processes.skew(process, days * 86_400_000);
        } else if self.chance.one_in(12) {
            let minutes =
                *self.chance.pick(&[0, 0, 0, 1, -1, 4, -4, 10, -10, 14, 60, -60, 180, -180]);
            self.trace.push(format!("the clock of {process} is {minutes} minutes ahead"));
            self.notes.farthest =
                self.notes.farthest.max(u64::try_from(minutes).unwrap_or(0) * MINUTE);
            self.processes.skew(process, minutes * 60_000);
        }
    }

    /// The buyer releases an instance, but never the last two.
    fn release(&mut self) {
        let last = self.instances.len() - 2;
        let place = self.chance.place(last);
        let sold = self.instances[place].clone();
        if sold.released_at.is_some() {
            return;
        }
        let (v1, v2);
        let root = self.processes.root();
        let line = format!("{}-1", sold.order);
        let (id, order) = (sold.id.as_str(), sold.order.as_str());
        let business = ("businessId", "made-up-business");
        let code = if sold.contract_is_v1 {
            v1 =
                [("activity", "releaseInstance"), business, ("instanceId", id), ("orderId", order)];
            run(root.v1(&v1)).code
        } else {
            v2 = [
                ("activity", "releaseInstance"),
                ("instanceId", id),
                ("orderId", "CS-end"),
                ("orderLineId", &*line),
            ];
            run(root.v2(&v2)).code
        };
        assert_eq!(code, "000000");
        let now = self.processes.now;
        self.instances[place].released_at = Some(now);
        self.market.lock().marketplace.close(id, now);
        self.trace.push(format!("{id} is released"));
    }

    /// An operator has a rejected window sent again.
    fn send_again(&mut self) {
        let is_rejected = |state: &RecordState| matches!(state, RecordState::Rejected { .. });
        let found =
            self.notes.seen.iter().find(|(_, it)| !it.is_gone && is_rejected(&it.record.state));
        let Some((name, _)) = found else { return };
        let name = name.clone();
        let now = UnixMillis::new(self.processes.now);
        self.change(&name, |usage, window| {
            // The window may be too old.
            let _ = usage.send_again(window, None, now);
        });
        self.trace.push(format!("{name:?} is sent again"));
        self.notes.again.insert(name);
        self.check_stored();
    }

    fn change(&self, name: &WindowName, change: impl Fn(&mut InstanceUsage, UsageWindow)) {
        let context = self.processes.root().endpoint.context();
        let deadline = Deadline::after(context.world.elapsed(), Duration::from_mins(1));
        let repository = context.repository(deadline);
        let [begin, end] = [name.1, name.2].map(|second| UnixMillis::new(second * SECOND));
        let window = UsageWindow::new(begin, end).unwrap();
        let slot = run(repository.read_usage(&InstanceId::parse(&name.0).unwrap())).unwrap();
        let written = run(repository.update_usage(slot, |slot| {
            let mut usage = slot.record().cloned().unwrap();
            change(&mut usage, window);
            Ok::<_, Failure>(RecordUpdate::Write(usage, ()))
        }));
        written.unwrap();
    }

    /// No two processes send one record within one claim of a minute.
    fn check_wire(&mut self, dangers: Dangers) {
        let market = self.market.lock();
        assert!(market.broken.is_empty(), "invariants 24, 25: {:?}", market.broken);
        if self.has_wrong_clocks || dangers.freezes.is_some() {
            return;
        }
        for request in &market.requests[self.notes.sent_before..] {
            for number in &request.numbers {
                let last =
                    self.notes.last_sent.insert(number.clone(), (request.process, request.at));
                let is_apart = last.is_none_or(|(process, at)| {
                    process == request.process || at + 10 * SECOND <= request.at
                });
                assert!(is_apart, "two processes send {number} at once: {last:?}");
            }
        }
    }

    /// What the marketplace received is settled at the end of a run without faults.
    fn check_settled(&self, dangers: Dangers) {
        if dangers.store_fails || dangers.freezes.is_some() || dangers.dies {
            return;
        }
        let market = self.market.lock();
        for request in
            market.requests[self.notes.sent_before..].iter().filter(|it| it.is_received())
        {
            for name in request
                .windows
                .iter()
                .filter(|name| request.code_of(name).is_some_and(|code| code.ends_with(".0000")))
            {
                let seen = &self.notes.seen[name];
                assert!(seen.is_sent() || seen.is_gone, "{name:?} was received: {:?}", seen.record);
            }
        }
    }
}

/// The body of a report.
pub fn body(records: &[ProductRecord]) -> Vec<u8> {
    let records: Vec<_> =
        records.iter().enumerate().map(|(place, record)| record.to_json(place)).collect();
    json!({ "records": records }).to_string().into_bytes()
}

fn line(process: usize, records: &[ProductRecord], end: &TaskEnd, [from, to]: [u64; 2]) -> String {
    let names: Vec<_> = records.iter().map(|it| (&it.name, it.told.value)).collect();
    let began = UnixMillis::new(from).to_rfc3339();
    let end = match end {
        TaskEnd::Answered(status, answer) => format!("{status} {answer}"),
        end => format!("{end:?}"),
    };
    let took = to.saturating_sub(from);
    format!("{began} process {process} {names:?}: {end} after {took} ms")
}
