//! Reads from the store what waits, and for how long.

use std::time::Duration;

use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use shell::store::{CatalogueItem, Entry, Queue, Store, Unavailable};
use shell::world::World;

use crate::check::clock;
use crate::findings::{Finding, Findings};
use crate::local_time::span_text;
use crate::session::Session;

/// Prints a finding for each thing that may wait.
pub fn check(session: &Session, place: &str, findings: &mut Findings) {
    let now = session.world.now();
    let due = agenda(session, Queue::Due, now);
    let Ok(due) = due else {
        findings.print("store", &Finding::failed(format!("{place} does not answer; {CHECK}")));
        return;
    };
    let grade = session.world.store().grade();
    let grade = grade.map(|grade| format!(", grade {grade}")).unwrap_or_default();
    findings.print("store", &Finding::ok(format!("{place}{grade} answers")));
    findings.print("due now", &due_now(&due, now));
    findings.print("dead letters", &dead(agenda(session, Queue::Dead, UnixMillis::MAX)));
    let list = |list| session.runtime.block_on(catalogue(session, list));
    findings.print("pending", &pending(list(CatalogueList::PendingInstances), now));
    findings.print("refused", &counted(list(CatalogueList::RefusedInstances)));
    findings.print("abandoned", &counted(list(CatalogueList::AbandonedInstances)));
    if let Some(at) = session.runtime.block_on(session.world.store().clock(now)) {
        findings.print("clock", &clock::compare("the store", at));
    }
}

fn agenda(session: &Session, queue: Queue, until: UnixMillis) -> Result<Vec<Entry>, Unavailable> {
    let read = session.world.store().agenda(queue, UnixMillis::EPOCH..=until, MOST);
    session.runtime.block_on(read)
}

async fn catalogue(
    session: &Session,
    list: CatalogueList,
) -> Result<Vec<CatalogueItem>, Unavailable> {
    session.world.store().catalogue(list, None, MOST).await
}

fn due_now(due: &[Entry], now: UnixMillis) -> Finding {
    let Some(oldest) = due.first() else { return Finding::ok("0") };
    let since = now.since(oldest.at);
    let text = format!("{}; the oldest for {}", count(due.len()), span_text(since));
    if since > STUCK {
        Finding::failed(format!("{text}; check that the relay runs"))
    } else {
        Finding::ok(text)
    }
}

fn dead(found: Result<Vec<Entry>, Unavailable>) -> Finding {
    match found.map(|found| found.len()) {
        Ok(0) => Finding::ok("0"),
        Ok(entities) => Finding::warn(format!("{} entities; {LIST_DEAD}", count(entities))),
        Err(fault) => Finding::failed(format!("{fault}; {CHECK}")),
    }
}

/// Purchases that wait for access data. The catalogue shows when each last changed.
fn pending(found: Result<Vec<CatalogueItem>, Unavailable>, now: UnixMillis) -> Finding {
    let found = match found {
        Ok(found) => found,
        Err(fault) => return Finding::failed(format!("{fault}; {CHECK}")),
    };
    let Some(oldest) = found.last() else { return Finding::ok("0") };
    let since = now.since(oldest.changed);
    let waits = span_text(since);
    let text =
        format!("{} purchases wait for access data, the oldest for {waits}", count(found.len()));
    if since >= LATE {
        Finding::failed(format!("{text}; {PUT}"))
    } else if since >= SLOW {
        Finding::warn(format!("{text}; {PUT}"))
    } else {
        Finding::ok(text)
    }
}

fn counted(found: Result<Vec<CatalogueItem>, Unavailable>) -> Finding {
    match found {
        Ok(found) => Finding::ok(count(found.len())),
        Err(fault) => Finding::failed(format!("{fault}; {CHECK}")),
    }
}

fn count(found: usize) -> String {
    if found < MOST { found.to_string() } else { format!("{MOST} or more") }
}

/// The most entries that are counted.
const MOST: usize = 10_000;
/// A notice that is due for longer shows that no relay runs.
const STUCK: Duration = Duration::from_mins(10);
/// How long a purchase may wait for access data: first a warning, then a fault. The marketplace
/// fails the order after three hours.
const SLOW: Duration = Duration::from_mins(30);
const LATE: Duration = Duration::from_mins(90);
const CHECK: &str = "run koohook check";
const LIST_DEAD: &str = "see them with koohook notices list --state dead";
const PUT: &str = "the product must send their access data; see koohook notices list";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::FindingLevel;

    const NOW: UnixMillis = UnixMillis::new(100_000_000);

    fn level(of: Duration, judge: impl Fn(UnixMillis) -> Finding) -> FindingLevel {
        judge(UnixMillis::new(NOW.millis() - u64::try_from(of.as_millis()).unwrap())).level
    }

    #[test]
    fn what_waits_too_long_is_a_fault() {
        let due = |at| due_now(&[Entry { key: "a".to_owned(), at }], NOW);
        let pends = |changed| {
            pending(Ok(vec![CatalogueItem { key: "a".to_owned(), changed, order: None }]), NOW)
        };
        let minutes = Duration::from_mins;
        assert_eq!(level(minutes(10), due), FindingLevel::Ok);
        assert_eq!(level(minutes(11), due), FindingLevel::Failed);
        let waits = [29, 30, 89, 90].map(|waits| level(minutes(waits), pends));
        let [ok, warn, failed] = [FindingLevel::Ok, FindingLevel::Warn, FindingLevel::Failed];
        assert_eq!(waits, [ok, warn, warn, failed]);
        assert_eq!(pending(Ok(Vec::new()), NOW), Finding::ok("0"));
        assert_eq!(dead(Err(Unavailable)).level, failed);
    }

    #[test]
    fn counts_are_bounded() {
        assert_eq!([count(0), count(9_999)], ["0", "9999"]);
        assert_eq!(count(10_000), "10000 or more");
    }
}
