//! `koohook usage report`: reports windows in the product's place, by the same rules.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use domain::usage::{InstanceReport, RecordVerdict, RejectReason};
use futures_util::{StreamExt, stream};
use shell::failure::Failure;
use shell::operator_log;
use shell::usage_intake::{InstanceOutcome, UsageIntake};

use super::report_file::ReportFile;
use super::usage_store::UsageStore;
use crate::counted::counted;
use crate::error::CommandError;
use crate::local_time::local_time;
use crate::output::{errln, outln};
use crate::progress::Progress;
use crate::shown::shown;

/// Arguments of `koohook usage report`.
#[derive(Args)]
pub struct UsageReportArguments {
    /// A file: a table (CSV), JSON lines, or the product's message `{"records":[…]}`; - for the
    /// standard input.
    pub file: PathBuf,
    /// Decide on every record, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// What became of the records.
struct ReportResults<'a> {
    file: &'a ReportFile,
    verdicts: Vec<Option<RecordVerdict>>,
    /// The first failure.
    failed: Option<Failure>,
    almost_full: Vec<String>,
}

/// Reads the file, reports its records, and prints the rejected ones and the counts.
///
/// # Errors
/// If the file cannot be read, or the store fails.
pub fn report(
    store: &UsageStore,
    file: &ReportFile,
    dry_run: bool,
) -> Result<ExitCode, CommandError> {
    let reports = file.report.by_instance();
    let mut results = ReportResults::new(file);
    let mut progress = Progress::new("instances reported");
    for chunk in reports.chunks(AT_ONCE) {
        let outcomes = report_all(store, chunk, dry_run);
        for (report, outcome) in chunk.iter().zip(outcomes) {
            results.add(report, outcome, dry_run);
        }
        progress.add(chunk.len());
        if results.is_stopped() {
            break;
        }
    }
    drop(progress);
    results.print(dry_run);
    match results.failed {
        Some(failure) => Err(store.session.advised(failure)),
        None if results.is_good() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

fn report_all(
    store: &UsageStore,
    reports: &[InstanceReport<'_>],
    dry_run: bool,
) -> Vec<Result<InstanceOutcome, Failure>> {
    let outcomes = reports.iter().map(async |report| {
        let repository = store.repository();
        let intake = UsageIntake { repository: &repository, cycle: store.cycle };
        if dry_run { intake.try_out(report).await } else { intake.store(report).await }
    });
    store.session.runtime.block_on(stream::iter(outcomes).buffered(AT_ONCE).collect())
}

impl<'a> ReportResults<'a> {
    fn new(file: &'a ReportFile) -> Self {
        let malformed = Some(RecordVerdict::Rejected(RejectReason::Malformed));
        let faults = file.faults.iter();
        Self {
            file,
            verdicts: faults.map(|fault| malformed.filter(|_| fault.is_some())).collect(),
            failed: None,
            almost_full: Vec::new(),
        }
    }

    /// Whether the store does not answer, so that other instances would wait, too.
    fn is_stopped(&self) -> bool {
        matches!(self.failed, Some(Failure::StoreUnavailable | Failure::OutOfTime))
    }

    fn add(
        &mut self,
        report: &InstanceReport<'_>,
        outcome: Result<InstanceOutcome, Failure>,
        dry_run: bool,
    ) {
        let InstanceOutcome { verdicts, is_almost_full } = match outcome {
            Ok(outcome) => outcome,
            Err(failure) => {
                self.failed.get_or_insert(failure);
                return;
            }
        };
        let accepted = verdicts.iter().filter(|it| matches!(it, RecordVerdict::Accepted { .. }));
        let accepted = accepted.count();
        if accepted > 0 && !dry_run {
            operator_log::log_usage_reported(report.instance_id, accepted);
        }
        if is_almost_full {
            self.almost_full.push(report.instance_id.to_string());
        }
        for ((place, _), verdict) in report.records.iter().zip(verdicts) {
            if let Some(known) = self.verdicts.get_mut(*place) {
                *known = Some(verdict);
            }
        }
    }

    fn is_good(&self) -> bool {
        let is_bad = |verdict: &Option<RecordVerdict>| {
            matches!(verdict, Some(RecordVerdict::Rejected(_)) | None)
        };
        !self.verdicts.iter().any(is_bad)
    }

    fn print(&self, dry_run: bool) {
        let lines = self.file.report.lines.iter().zip(&self.file.places);
        let lines = lines.zip(&self.file.faults).zip(&self.verdicts);
        for (((line, place), fault), verdict) in lines {
            let Some(RecordVerdict::Rejected(reason)) = verdict else { continue };
            let id = line.record_id.as_ref().map(|id| format!(" ({})", shown(id)));
            let id = id.unwrap_or_default();
            let window = line.record.as_ref().map(|record| {
                let (instance, begin) = (shown(record.instance_id.as_str()), record.window.begin());
                format!(" {instance}, {}:", local_time(begin))
            });
            let window = window.unwrap_or_default();
            let text = fault.as_deref().unwrap_or_else(|| reason.advice());
            outln!("{place}{id}:{window} {}: {text}", reason.as_str());
        }
        for instance in &self.almost_full {
            errln!(
                "koohook: {} has little room for more windows; report longer ones",
                shown(instance)
            );
        }
        self.print_counts(dry_run);
    }

    fn print_counts(&self, dry_run: bool) {
        let mut counts: BTreeMap<ReportCount, usize> = BTreeMap::new();
        for verdict in &self.verdicts {
            *counts.entry(ReportCount::of(verdict.as_ref())).or_default() += 1;
        }
        for (count, records) in counts {
            outln!("{records} {}", count.words(dry_run));
        }
        outln!("{} in all", counted(self.verdicts.len(), "record", "records"));
    }
}

/// A result of records. The counts are printed in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum ReportCount {
    Accepted,
    Late,
    Repeated,
    Rejected,
    Unknown,
}

impl ReportCount {
    const fn of(verdict: Option<&RecordVerdict>) -> Self {
        match verdict {
            Some(RecordVerdict::Accepted { is_late: false }) => Self::Accepted,
            Some(RecordVerdict::Accepted { is_late: true }) => Self::Late,
            Some(RecordVerdict::Repeated) => Self::Repeated,
            Some(RecordVerdict::Rejected(_)) => Self::Rejected,
            None => Self::Unknown,
        }
    }

    const fn words(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Accepted, false) => "accepted",
            (Self::Accepted, true) => "would be accepted",
            (Self::Late, false) => "accepted after their deadline",
            (Self::Late, true) => "would be accepted after their deadline",
            (Self::Repeated, _) => "repeated: they were accepted before",
            (Self::Rejected, _) => "rejected: see the lines above",
            (Self::Unknown, false) => "unknown: the store failed; report the file again",
            (Self::Unknown, true) => "unknown: the store failed",
        }
    }
}

/// How many instances are read and written concurrently.
const AT_ONCE: usize = 16;
