//! Reads from the store what waits, and for how long.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::catalogue::CatalogueList;
use domain::entity::Entity;
use domain::instance::LongWait;
use domain::record::EntityRecord;
use domain::store_keys;
use protocol::time::UnixMillis;
use shell::store::{CatalogueItem, Entry, Queue, Store, Unavailable};
use shell::world::World;

use crate::check::clock;
use crate::entities::{is_complete, read_records};
use crate::findings::{Finding, Findings};
use crate::local_time::span_text;
use crate::session::Session;
use crate::usage::waiting::find_usage;

/// A count; the store may have more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Count {
    number: usize,
    is_all: bool,
}

/// The records of some keys.
struct ReadRecords {
    records: Vec<EntityRecord>,
    /// Whether these are the records of all keys.
    is_all: bool,
}

/// Prints a finding for each thing that may wait.
pub fn check(session: &Session, place: &str, findings: &mut Findings) {
    let now = session.world.now();
    let Ok(due) = agenda(session, Queue::Due, now) else {
        findings.print("store", &Finding::failed(format!("{place} does not answer; {CHECK}")));
        return;
    };
    let grade = session.world.store().grade();
    let grade = grade.map(|grade| format!(", grade {grade}")).unwrap_or_default();
    findings.print("store", &Finding::ok(format!("{place}{grade} answers")));
    if !is_complete(session)
        && session.runtime.block_on(session.world.store().is_empty()) != Ok(Some(true))
    {
        findings.print("catalogue", &Finding::warn(INCOMPLETE));
    }
    findings.print("due now", &due_now(&due, now));
    findings.print("dead letters", &dead(letters(session)));
    let list = |list| session.runtime.block_on(catalogue(session, list));
    let pends = list(CatalogueList::PendingInstances);
    findings.print("pending", &pending(pends.map(|found| wait(session, &found)), now));
    findings.print("refused", &counted(list(CatalogueList::RefusedInstances)));
    findings.print("abandoned", &counted(list(CatalogueList::AbandonedInstances)));
    let usage = find_usage(session).unwrap_or_else(|fault| Finding::failed(fault.to_string()));
    findings.print("usage", &usage);
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

/// A record that cannot be read may have dead letters, and so may one of many that were not read.
const UNREAD: &str =
    "none found, but not every record was read; koohook notices list reads all, and says why";

/// The counts below may then be too low.
const INCOMPLETE: &str = "pending, refused and abandoned may lack instances of an older version; run koohook store reindex";

/// Reads at most [`MOST_READ`] records.
fn read(session: &Session, keys: impl ExactSizeIterator<Item = String>) -> ReadRecords {
    let is_few = keys.len() <= MOST_READ;
    let slots = read_records(session, keys.take(MOST_READ));
    let count = slots.len();
    let slots = slots.into_iter().filter_map(Result::ok);
    let slots: Vec<_> = slots.collect();
    let is_all = is_few && slots.len() == count;
    let records = slots.into_iter().filter_map(|slot| slot.found).map(|found| found.record);
    ReadRecords { records: records.collect(), is_all }
}

/// The entities with dead letters. An entity that is also due is only in the queue of the due ones.
fn letters(session: &Session) -> Result<Count, Unavailable> {
    let dead = agenda(session, Queue::Dead, UnixMillis::MAX)?;
    let due = agenda(session, Queue::Due, UnixMillis::MAX)?;
    let is_listed = dead.len() < MOST && due.len() < MOST;
    let dead: BTreeSet<String> = dead.into_iter().map(|entry| entry.key).collect();
    let may_be_dead = |key: &String| !dead.contains(key) && !store_keys::is_part(key);
    let due: BTreeSet<_> = due.into_iter().map(|entry| entry.key).filter(may_be_dead).collect();
    let ReadRecords { records, is_all } = read(session, due.into_iter());
    let both = records.iter().filter(|record| !record.outbox.dead.is_empty()).count();
    Ok(Count { number: dead.len() + both, is_all: is_all && is_listed })
}

/// The number of purchases that wait for access data, and since when the oldest waits. The catalogue
/// knows only when each last changed, so the records decide.
fn wait(session: &Session, found: &[CatalogueItem]) -> (Count, Option<UnixMillis>) {
    let oldest_first = found.iter().rev().map(|item| item.key.clone());
    let ReadRecords { records, is_all } = read(session, oldest_first);
    let waits = records.iter().filter_map(|record| match &record.entity {
        Entity::Instance(instance) => instance.wait.map(|wait| wait.since),
        Entity::MovedTo(_) | Entity::Tenant(_) | Entity::Application(_) | Entity::KitList(_) => {
            None
        }
    });
    let oldest = waits.chain(found.last().map(|item| item.changed)).min();
    (Count { number: found.len(), is_all: is_all && found.len() < MOST }, oldest)
}

fn due_now(due: &[Entry], now: UnixMillis) -> Finding {
    let Some(oldest) = due.first() else { return Finding::ok("0") };
    let late = now.since(oldest.at);
    let entities = Count::of(due.len()).text("entity", "entities");
    let text = format!("{entities}; the relay is {} late for the oldest", span_text(late));
    if late > STUCK { Finding::failed(format!("{text}; {RELAY}")) } else { Finding::ok(text) }
}

fn dead(found: Result<Count, Unavailable>) -> Finding {
    match found {
        Ok(Count { number: 0, is_all: true }) => Finding::ok("0"),
        Ok(Count { number: 0, is_all: false }) => Finding::warn(UNREAD),
        Ok(count) => Finding::warn(format!(
            "{}; {LIST_DEAD}",
            count.text("entity has dead letters", "entities have dead letters")
        )),
        Err(fault) => Finding::failed(format!("{fault}; {CHECK}")),
    }
}

/// Purchases that wait for access data.
fn pending(found: Result<(Count, Option<UnixMillis>), Unavailable>, now: UnixMillis) -> Finding {
    let (count, oldest) = match found {
        Ok((count, Some(oldest))) => (count, oldest),
        Ok((_, None)) => return Finding::ok("0"),
        Err(fault) => return Finding::failed(format!("{fault}; {CHECK}")),
    };
    let since = now.since(oldest);
    let at_least = if count.is_all { "" } else { "at least " };
    let waits = format!("the oldest for {at_least}{}", span_text(since));
    let purchases = count.text("purchase waits", "purchases wait");
    let text = format!("{purchases} for access data, {waits}");
    if since >= LongWait::Error.span() {
        Finding::failed(format!("{text}; {PUT}"))
    } else if since >= LongWait::Warning.span() {
        Finding::warn(format!("{text}; {PUT}"))
    } else {
        Finding::ok(text)
    }
}

fn counted(found: Result<Vec<CatalogueItem>, Unavailable>) -> Finding {
    match found {
        Ok(found) => Finding::ok(Count::of(found.len()).text("instance", "instances")),
        Err(fault) => Finding::failed(format!("{fault}; {CHECK}")),
    }
}

impl Count {
    /// The count of entries that were read at once.
    const fn of(number: usize) -> Self {
        Self { number, is_all: number < MOST }
    }

    /// The count with its word: `0`, `1 entity`, `at least 10000 entities`.
    fn text(self, one: &str, many: &str) -> String {
        let Self { number, is_all } = self;
        let at_least = if is_all { "" } else { "at least " };
        match number {
            0 if is_all => "0".to_owned(),
            1 => format!("{at_least}1 {one}"),
            number => format!("{at_least}{number} {many}"),
        }
    }
}

/// The most entries that are counted.
const MOST: usize = 10_000;
/// The most records that are read.
const MOST_READ: usize = 1_000;
/// A notice that is due for longer shows that the relay does not reach it.
const STUCK: Duration = Duration::from_mins(10);
const CHECK: &str = "run koohook check";
const RELAY: &str =
    "check that koohook serve or the relay's timer runs, and that the product answers";
const LIST_DEAD: &str = "see them with koohook notices list --state dead";
const PUT: &str = "the product must send their access data; see koohook notices list";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::FindingLevel;

    const NOW: UnixMillis = UnixMillis::new(100_000_000);

    fn before(span: Duration) -> UnixMillis {
        UnixMillis::new(NOW.millis() - u64::try_from(span.as_millis()).unwrap())
    }

    #[test]
    fn what_waits_too_long_is_a_fault() {
        let due = |minutes| {
            let at = before(Duration::from_mins(minutes));
            due_now(&[Entry { key: "a".to_owned(), at }], NOW)
        };
        let pends = |minutes| {
            let oldest = before(Duration::from_mins(minutes));
            pending(Ok((Count { number: 1, is_all: true }, Some(oldest))), NOW)
        };
        assert_eq!(due(10), Finding::ok("1 entity; the relay is 10 min late for the oldest"));
        assert_eq!(due(11).level, FindingLevel::Failed);
        let waits = [29, 30, 89, 90].map(|minutes| pends(minutes).level);
        let [ok, warn, failed] = [FindingLevel::Ok, FindingLevel::Warn, FindingLevel::Failed];
        assert_eq!(waits, [ok, warn, warn, failed]);
        assert_eq!(pending(Ok((Count::of(0), None)), NOW), Finding::ok("0"));
        assert_eq!(dead(Err(Unavailable)).level, failed);
    }

    #[test]
    fn counts_are_bounded() {
        let text = |count: Count| count.text("entity", "entities");
        let texts = [0, 1, 9_999, 10_000].map(|number| text(Count::of(number)));
        assert_eq!(texts, ["0", "1 entity", "9999 entities", "at least 10000 entities"]);
        let none_read = Count { number: 0, is_all: false };
        assert_eq!(dead(Ok(none_read)).level, FindingLevel::Warn);
        let part = Count { number: 2, is_all: false };
        let text = pending(Ok((part, Some(before(Duration::from_mins(1))))), NOW).text;
        assert_eq!(
            text,
            "at least 2 purchases wait for access data, the oldest for at least 1 min"
        );
    }
}
