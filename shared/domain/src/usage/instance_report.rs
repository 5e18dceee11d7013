//! The records of a report that name one instance, and what becomes of them (decisions J1, J2).

use std::collections::BTreeMap;

use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use super::accept::RecordVerdict;
use super::cycle::UsageCycle;
use super::instance_usage::InstanceUsage;
use super::life::UsageLife;
use super::reject_reason::RejectReason;
use super::report::{ReportedRecord, UsageReport};

/// The well-formed records of a report that name one instance. It has at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceReport<'a> {
    /// The instance.
    pub instance_id: &'a InstanceId,
    /// The place of each record in the report, and the record. The places ascend.
    pub records: Vec<(usize, &'a ReportedRecord)>,
}

/// What a report changes in the usage of one instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportDecision {
    /// What becomes of each record, in the order of the report.
    pub verdicts: Vec<RecordVerdict>,
    /// The value to write; `None` if no record is accepted.
    pub write: Option<InstanceUsage>,
}

impl UsageReport {
    /// The well-formed records, by instance. The instances are in the order in which the report
    /// first names them.
    pub fn by_instance(&self) -> Vec<InstanceReport<'_>> {
        let mut places: BTreeMap<&InstanceId, usize> = BTreeMap::new();
        let mut reports: Vec<InstanceReport<'_>> = Vec::new();
        let records = self.lines.iter().map(|line| line.record.as_ref()).enumerate();
        for (place, record) in records.filter_map(|(place, record)| Some((place, record?))) {
            let instance_id = &record.instance_id;
            let report = *places.entry(instance_id).or_insert(reports.len());
            match reports.get_mut(report) {
                Some(report) => report.records.push((place, record)),
                None => {
                    reports.push(InstanceReport { instance_id, records: vec![(place, record)] });
                }
            }
        }
        reports
    }
}

impl InstanceReport<'_> {
    /// Decides on the records, one after the other: a record may repeat or overlap one before it.
    /// `current` is the stored usage of the instance. If the new value is too large to be stored, no
    /// record is accepted.
    pub fn decide(
        &self,
        current: Option<&InstanceUsage>,
        life: UsageLife,
        cycle: UsageCycle,
        now: UnixMillis,
    ) -> ReportDecision {
        let new = || InstanceUsage::new(self.instance_id.clone());
        let current = current.cloned().unwrap_or_else(new);
        let mut usage = current.clone();
        let verdicts = self.verdicts(|record| usage.accept(record, life, cycle, now));
        let accepts = |verdict: &RecordVerdict| matches!(verdict, RecordVerdict::Accepted { .. });
        if !verdicts.iter().any(accepts) {
            return ReportDecision { verdicts, write: None };
        }
        if usage.to_bytes().is_err() {
            let verdicts = self.verdicts(|record| current.judge_without_room(record, life, now));
            return ReportDecision { verdicts, write: None };
        }
        ReportDecision { verdicts, write: Some(usage) }
    }

    /// Rejects all records for one reason.
    pub fn reject(&self, reason: RejectReason) -> Vec<RecordVerdict> {
        self.verdicts(|_| RecordVerdict::Rejected(reason))
    }

    fn verdicts(&self, judge: impl FnMut(&ReportedRecord) -> RecordVerdict) -> Vec<RecordVerdict> {
        self.records.iter().map(|(_, record)| *record).map(judge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::info_report::UsageInfoEntry;
    use super::super::instance_usage::ReportedInfo;
    use super::super::quantity::UsageTotal;
    use super::*;

    const NOW: UnixMillis = UnixMillis::new(1_795_000_000_000);

    fn report(records: &[(&str, u64, &str)]) -> UsageReport {
        let lines: Vec<_> = records
            .iter()
            .map(|(id, hours_ago, value)| {
                let begin = NOW.millis() - hours_ago * 3_600_000;
                let [begin, end] =
                    [begin, begin + 3_600_000].map(|at| UnixMillis::new(at).to_rfc3339());
                format!(
                    r#"{{"recordId":"r","instanceId":"{id}","beginTime":"{begin}","endTime":"{end}","value":{value}}}"#
                )
            })
            .collect();
        UsageReport::read(format!(r#"{{"records":[{}]}}"#, lines.join(",")).as_bytes()).unwrap()
    }

    fn decide(report: &UsageReport, current: Option<&InstanceUsage>) -> ReportDecision {
        let reports = report.by_instance();
        reports[0].decide(current, UsageLife::default(), UsageCycle::Daily, NOW)
    }

    #[test]
    fn records_are_grouped_in_the_order_of_the_report() {
        let report = report(&[("b", 3, "1"), ("a", 3, "1"), ("a", 2, "0"), ("b", 2, "-1")]);
        let groups = report.by_instance();
        let places = |group: &InstanceReport<'_>| {
            let places: Vec<_> = group.records.iter().map(|(place, _)| *place).collect();
            (group.instance_id.to_string(), places)
        };
        let groups: Vec<_> = groups.iter().map(places).collect();
        assert_eq!(groups, [("b".to_owned(), vec![0]), ("a".to_owned(), vec![1, 2])]);
    }

    #[test]
    fn a_record_is_compared_with_those_before_it() {
        let report = report(&[("a", 3, "1"), ("a", 3, "1.0"), ("a", 3, "2"), ("a", 2, "0")]);
        let decision = decide(&report, None);
        let accepted = RecordVerdict::Accepted { is_late: false };
        let other = RecordVerdict::Rejected(RejectReason::OtherValue);
        assert_eq!(decision.verdicts, [accepted, RecordVerdict::Repeated, other, accepted]);
        let written = decision.write.unwrap();
        assert_eq!((written.records.len(), written.total().to_string()), (2, "1".to_owned()));
        let again = decide(&report, Some(&written));
        let repeated = RecordVerdict::Repeated;
        assert_eq!(again.verdicts, [repeated, repeated, other, repeated]);
        assert_eq!(again.write, None, "nothing changes");
    }

    /// The usage of a package shares the value with the windows.
    #[test]
    fn a_value_that_would_be_too_large_is_not_written() {
        let entry = UsageInfoEntry {
            usage_value: UsageTotal::ZERO,
            related_instance_id: None,
            dashboard_url: Some(format!("https://{}", "x".repeat(500))),
        };
        let mut usage = decide(&report(&[("a", 3, "1")]), None).write.unwrap();
        usage.info = Some(ReportedInfo { at: NOW, entries: vec![entry.clone(); 64] });
        let report = report(&[("a", 3, "1"), ("a", 2, "1"), ("a", 2, "1"), ("a", 1, "-1")]);
        assert!(decide(&report, Some(&usage)).write.is_some(), "there is room");
        usage.info = Some(ReportedInfo { at: NOW, entries: vec![entry; 400] });
        let decision = decide(&report, Some(&usage));
        let full = RecordVerdict::Rejected(RejectReason::InstanceFull);
        assert_eq!(decision.verdicts, [RecordVerdict::Repeated, full, full]);
        assert_eq!(decision.write, None);
    }
}
