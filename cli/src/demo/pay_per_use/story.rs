//! One pay-per-use instance: it is bought, used, frozen for arrears, unfrozen and released, and its
//! usage is reported, sent and billed.

use std::collections::BTreeSet;

use protocol::message::InstanceId;
use simulator::scenario::Step;
use simulator::usage::{SimulatedInstance, UsageFault, UsageMarketplace};

use super::UsageStage;
use super::bill::UsageBill;
use super::reporting::UsageReporter;
use super::windows::{MeteredWindow, StoryClock, decimal, rfc3339, time_of_day};
use crate::demo::table::{ScenarioScore, print_head, print_played};
use crate::error::CommandError;
use crate::output::outln;
use crate::player::{AnswerRules, JudgedAnswer, Player, StateLookup};

/// The play of one story.
pub struct UsageStory<'a> {
    stage: &'a UsageStage<'a>,
    player: Player<'a>,
    clock: StoryClock,
    /// The width of the steps' titles.
    width: usize,
    failed: usize,
}

impl<'a> UsageStory<'a> {
    /// A story that was not played yet.
    pub fn new(stage: &'a UsageStage<'a>, state: StateLookup<'a>, clock: StoryClock) -> Self {
        let seller = stage.keys.seller(&stage.koohook.address);
        let player = Player::new(seller, AnswerRules::Koohook(Some(state)));
        Self { stage, player, clock, width: 0, failed: 0 }
    }

    /// Plays the steps, and what the product and the relay do between them.
    ///
    /// # Errors
    /// If there is no instance, the store does not answer, or koohook does not answer a report.
    pub fn play(mut self, steps: Vec<Step>) -> Result<ScenarioScore, CommandError> {
        let steps: Vec<Step> = steps.into_iter().map(|step| Step { race: false, ..step }).collect();
        self.width = print_head(&steps);
        let steps = <[Step; 7]>::try_from(steps).map_err(|_| "the scenario has other steps")?;
        let [purchase, bought, freeze, in_arrears, thaw, paid, release] = steps;
        let (stage, clock) = (self.stage, self.clock);
        let mut reporter = UsageReporter::new(&stage.keys.product, &stage.koohook.origin)?;

        self.play_step(&purchase, 1);
        let id = InstanceId::parse(self.player.instance_id());
        let id = id.map_err(|_| "the purchase has no instance; read its line")?;
        self.open(&id);
        self.report(&mut reporter, &clock.first_windows())?;
        self.report(&mut reporter, &clock.next_windows())?;
        self.send_in_vain(&id)?;
        self.play_query(&bought, 4, &reporter);
        self.play_step(&freeze, 5);
        self.send(&id, 2, "the same 2 records again: MKT.0000")?;
        self.play_query(&in_arrears, 5, &reporter);
        self.play_step(&thaw, 6);
        self.play_query(&paid, 6, &reporter);
        self.play_step(&release, 7);
        stage.marketplace.with(|marketplace| marketplace.close(id.as_str(), clock.at(7) * 1_000));
        self.report(&mut reporter, &clock.last_windows())?;
        self.send(&id, 1, "1 record of the released instance: MKT.0000")?;
        self.check_notice(&id);
        self.check_bill(&id, &reporter)?;
        let score = ScenarioScore::new(&self.player, self.failed);
        Ok(ScenarioScore { calls: score.calls + reporter.calls(), ..score })
    }

    /// The marketplace knows the instance from its purchase on.
    fn open(&self, id: &InstanceId) {
        let instance = SimulatedInstance::new(id.as_str(), self.clock.at(1) * 1_000);
        self.stage.marketplace.with(|marketplace| marketplace.know(instance));
    }

    /// Plays a step that is signed at the beginning of a part.
    fn play_step(&mut self, step: &Step, part: u64) {
        self.player.sign_at(self.clock.at(part) * 1_000);
        let is_right = print_played(&self.player.play_step(step), self.width);
        self.failed += usize::from(!is_right);
    }

    /// Plays a query. Every answer must contain what the product counted.
    fn play_query(&mut self, step: &Step, part: u64, reporter: &UsageReporter) {
        self.player.sign_at(self.clock.at(part) * 1_000);
        let played = self.player.play_step(step);
        let is_right = print_played(&played, self.width);
        self.failed += usize::from(!is_right);
        let counted = reporter.counted();
        let usage =
            |answer: &JudgedAnswer| answer.usage.clone().unwrap_or_else(|| "missing".to_owned());
        let answered: BTreeSet<String> = played.sent.iter().map(usage).collect();
        let is_right = answered.iter().eq([&counted]);
        let answered = Vec::from_iter(answered).join(", ");
        self.line(
            "queryInstance",
            &format!("usageValue is {answered}; the product counted {counted}"),
            is_right,
        );
    }

    /// Reports windows. Each must have the right answer.
    fn report(
        &mut self,
        reporter: &mut UsageReporter,
        windows: &[MeteredWindow],
    ) -> Result<(), CommandError> {
        let words = reporter.report(self.player.instance_id(), windows)?;
        for (number, window) in windows.iter().enumerate() {
            let word = words.get(number).map_or("no answer", String::as_str);
            let (begin, end) = (time_of_day(window.begin), time_of_day(window.end));
            let value = decimal(window.hundredths);
            let text = format!("{begin} to {end} UTC  {value:>5}  {word}");
            self.line("product reports", &text, word == window.expected);
        }
        Ok(())
    }

    /// Sends two records. The marketplace receives them, and its answer is lost.
    fn send_in_vain(&mut self, id: &InstanceId) -> Result<(), CommandError> {
        self.stage.marketplace.with(|marketplace| marketplace.queue_fault(UsageFault::LoseReply));
        let counts = self.stage.send_now(id)?;
        let is_right = (counts.sent, counts.waiting, counts.batches) == (0, 2, 1);
        self.line("koohook sends", "2 records; the answer is lost on the way", is_right);
        Ok(())
    }

    /// Sends so many records, in one request.
    fn send(&mut self, id: &InstanceId, count: usize, what: &str) -> Result<(), CommandError> {
        let counts = self.stage.send_now(id)?;
        let is_right = (counts.sent, counts.waiting, counts.batches) == (count, 0, 1);
        self.line("koohook sends", what, is_right);
        Ok(())
    }

    /// The notice of the release says until when the product may report (decision J5).
    fn check_notice(&mut self, id: &InstanceId) {
        let notices = self.stage.product.accepted(id.as_str());
        let until = notices.iter().find_map(|notice| notice.usage_until.clone());
        let until = until.map(|until| until.replace(".000Z", "Z"));
        let is_right = until == Some(rfc3339(self.clock.at(7) + USAGE_ENDS_AFTER));
        let until = until.unwrap_or_else(|| "missing".to_owned());
        self.line("product is told", &format!("it may report until {until}"), is_right);
    }

    /// The marketplace bills what the product counted, and koohook's sum is the same.
    fn check_bill(
        &mut self,
        id: &InstanceId,
        reporter: &UsageReporter,
    ) -> Result<(), CommandError> {
        let bill = |marketplace: &mut UsageMarketplace| UsageBill::make(marketplace, id.as_str());
        let UsageBill { billed, repeats, late, faults } = self.stage.marketplace.with(bill);
        let (stored, counted) = (self.stage.stored_total(id)?, reporter.counted());
        let is_right = (repeats, late, faults) == (2, self.clock.late, 0);
        let text = format!("finds {repeats} repeats (not billed), {late} late, {faults} wrong");
        self.line("marketplace", &text, is_right);
        let is_right = billed == counted && stored == counted;
        let text = format!("bills {billed}; the product counted {counted}, koohook {stored}");
        self.line("marketplace", &text, is_right);
        Ok(())
    }

    /// Prints a line between those of the calls.
    fn line(&mut self, who: &str, text: &str, is_right: bool) {
        let width = self.width + TEXT_WIDTH;
        let verdict = if is_right { "ok" } else { "FAILED" };
        outln!("   {who:<17}{text:width$}  {verdict}");
        self.failed += usize::from(!is_right);
    }
}

/// The columns between the title of a step and its verdict, without this line's first column.
const TEXT_WIDTH: usize = 32;
/// 20 days and 20 hours (decision J5).
const USAGE_ENDS_AFTER: u64 = (20 * 24 + 20) * 3_600;
