//! The command `show`.

use std::process::ExitCode;

use clap::Args;
use domain::entity::{Entity, Subject};
use domain::history::KitIds;
use domain::outbox::Reader;
use serde_json::{Value, json};
use shell::world::World;

use super::completeness::Lacks;
use super::lookup::{Found, LookupTarget, find};
use super::notice_status::NoticeStatus;
use super::story::Story;
use super::{EntityKind, FoundEntity, utc};
use crate::error::CommandError;
use crate::local_time::{age, local_time};
use crate::output::{errln, outln};
use crate::output_format::{FormatArgument, JsonArray};
use crate::session::Session;
use crate::shown::shown;
use crate::table::{TextTable, print_fields};

/// The common arguments of `show`.
#[derive(Args)]
pub struct ShowArguments {
    #[command(flatten)]
    format: FormatArgument,
}

/// A list that belongs to an entity of the kit.
struct RelatedList {
    name: &'static str,
    rows: usize,
    waiting: usize,
    dead: usize,
}

/// Prints the story of one entity. If several match, the table lists them, and JSON has all stories.
///
/// # Errors
/// If nothing matches, or the store does not answer.
pub fn show<const COLUMNS: usize>(
    kind: &EntityKind<COLUMNS>,
    arguments: &ShowArguments,
    target: &dyn LookupTarget,
    session: &Session,
) -> Result<ExitCode, CommandError> {
    let Found { entities, failures } = find(session, target, kind.lists)?;
    let now = session.world.now();
    if arguments.format.is_json() {
        let mut array = JsonArray::default();
        for found in &entities {
            array.push(&json(kind, found, &related(found, session)?, session));
        }
        array.end();
    }
    let is_text = !arguments.format.is_json();
    match entities.as_slice() {
        [] => {
            failures.end()?;
            Lacks::default().report(kind.plural, session);
            return Err(unknown(kind.noun));
        }
        [found] if is_text => print_story(kind, found, &related(found, session)?, session),
        several if is_text => {
            let rows: Vec<_> = several.iter().map(|found| (kind.row)(found, now)).collect();
            TextTable::new(kind.heads).print(&rows);
            errln!("koohook: {} {} match; give the ID of one of them", several.len(), kind.plural);
        }
        _ => (),
    }
    entities
        .iter()
        .filter_map(|found| target.note(found))
        .for_each(|note| errln!("koohook: {note}"));
    let mut lacks = Lacks::default();
    entities.iter().for_each(|found| lacks.note(found));
    lacks.report(kind.plural, session);
    failures.end()
}

fn unknown(noun: &str) -> CommandError {
    format!(
        "no {noun} with this ID or order is in the store; correct it, or set KOOHOOK_STORE to the right \
         store; the order of a renewal is only in the log"
    )
    .into()
}

/// The departments of an enterprise, or the people of an application.
fn related(found: &FoundEntity, session: &Session) -> Result<Vec<RelatedList>, CommandError> {
    let Some(KitIds { instance_id, tenant_id, app_id }) = found.record.ids.clone() else {
        return Ok(Vec::new());
    };
    let (name, subject) = match app_id {
        Some(app) => ("people", Subject::Users(instance_id, tenant_id, app)),
        None => ("departments", Subject::Departments(instance_id, tenant_id)),
    };
    let repository = session.repository(Reader::Product);
    let slot = session.runtime.block_on(repository.read(&subject));
    let slot = slot.map_err(|failure| session.advised(failure))?;
    let list = slot.record().and_then(|record| match &record.entity {
        Entity::KitList(list) => Some((list.head.rows(), &record.outbox)),
        Entity::Instance(_) | Entity::MovedTo(_) | Entity::Tenant(_) | Entity::Application(_) => {
            None
        }
    });
    let list = list.map(|(rows, outbox)| RelatedList {
        name,
        rows,
        waiting: outbox.waiting.len(),
        dead: outbox.dead.len(),
    });
    Ok(list.into_iter().collect())
}

fn print_story<const COLUMNS: usize>(
    kind: &EntityKind<COLUMNS>,
    found: &FoundEntity,
    related: &[RelatedList],
    session: &Session,
) {
    let now = session.world.now();
    let story = Story::new(found, now);
    let time = |at| format!("{} ({})", local_time(at), age(at, now));
    let mut fields = (kind.fields)(found, now);
    fields.push(("changed", found.changed.map(time)));
    fields.push(("notices", Some(found.notices_text()).filter(|text| !text.is_empty())));
    fields.extend(related.iter().map(|list| (list.name, Some(list.text()))));
    print_fields("", &fields);
    print_past(&story);
    print_notices(&story.notices);
    print_lines("\nwho waits", &story.waits());
    let coming = story.coming();
    let coming: Vec<_> = coming.iter().map(|it| format!("{}: {}", time(it.at), it.what)).collect();
    print_lines("\nwhat happens next", &coming);
    print_lines("\nwhat to type next", &commands(&story));
}

fn print_past(story: &Story<'_>) {
    let past = story.past();
    let rows: Vec<_> = past
        .iter()
        .map(|event| {
            let (what, outcome, order) = (&event.what, &event.outcome, &event.order);
            [local_time(event.at), what.clone(), outcome.clone(), order.clone()]
        })
        .collect();
    outln!("");
    if story.lacks_older_events() {
        outln!("Older events are not known.");
    }
    TextTable::new(["TIME", "WHAT", "OUTCOME", "ORDER"]).print(&rows);
}

fn print_notices(notices: &[NoticeStatus<'_>]) {
    if notices.is_empty() {
        return;
    }
    outln!("\nnotices that the product has not accepted");
    for status in notices {
        let (notice, text) = (status.notice, status.text());
        outln!("  {} {}: {text}", notice.sequence(), notice.kind.as_str());
        for attempt in status.attempts {
            let code = attempt.status.map(|status| format!("HTTP {status}, ")).unwrap_or_default();
            let (at, millis) = (local_time(attempt.at), attempt.millis);
            outln!("      {at}  {code}{} ({millis} ms)", shown(&attempt.fault));
        }
    }
}

fn print_lines(head: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    outln!("{head}");
    lines.iter().for_each(|line| outln!("  {}", shown(line)));
}

/// The commands that help with this entity.
fn commands(story: &Story<'_>) -> Vec<String> {
    let mut commands = Vec::new();
    if let Entity::Instance(instance) = &story.found.record.entity {
        let id = shell_word(instance.id.as_str());
        if story.has_pause() {
            commands
                .push(format!("koohook notices now --instance {id}     send the next notice now"));
        }
        if story.has_dead() {
            commands.push(format!(
                "koohook notices replay --instance {id}  send the dead letters again"
            ));
        }
        if !story.notices.is_empty() {
            commands
                .push(format!("koohook notices show --instance {id}    print the whole notices"));
        }
        if story.needs_access() {
            commands.push(format!(
                "let the product send PUT /instances/{}/app-info (docs/product.md)",
                instance.id
            ));
        }
        commands.push(format!("koohook logs --instance {id} FILE       print its lines of a log"));
    }
    commands
}

/// A word that a shell reads as it is.
fn shell_word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn json<const COLUMNS: usize>(
    kind: &EntityKind<COLUMNS>,
    found: &FoundEntity,
    related: &[RelatedList],
    session: &Session,
) -> Value {
    let story = Story::new(found, session.world.now());
    let outbox = &found.record.outbox;
    let mut members = kind.whole_summary(found);
    let coming = story.coming();
    let coming: Vec<_> =
        coming.iter().map(|it| json!({"at": utc(Some(it.at)), "what": it.what})).collect();
    let lists: Vec<_> = related.iter().map(RelatedList::json).collect();
    for (name, value) in [
        ("key", json!(found.key)),
        ("events", events(found)),
        ("notices", story.notices.iter().map(notice).collect()),
        ("endedNotices", ends(found)),
        ("droppedNotices", outbox.dropped.into()),
        ("deletedDeadNotices", outbox.forgotten.into()),
        ("lists", lists.into()),
        ("waits", story.waits().into()),
        ("next", coming.into()),
    ] {
        members.insert(name.to_owned(), value);
    }
    members.into()
}

fn events(found: &FoundEntity) -> Value {
    let events = found.record.events.iter();
    let event = |it: &domain::history::Event| {
        json!({
            "at": utc(Some(it.at)), "what": it.what.as_str(), "outcome": it.outcome.as_str(),
            "orderId": it.order, "orderLineId": it.line,
        })
    };
    events.map(event).collect()
}

fn ends(found: &FoundEntity) -> Value {
    let end = |it: &domain::outbox::NoticeEnd| {
        json!({
            "sequence": it.sequence, "type": it.kind.as_str(), "at": utc(Some(it.at)),
            "attempts": it.attempts, "how": it.how.as_str(),
        })
    };
    found.record.outbox.ends.iter().map(end).collect()
}

fn notice(status: &NoticeStatus<'_>) -> Value {
    let attempt = |it: &domain::outbox::Attempt| {
        json!({
            "at": utc(Some(it.at)), "millis": it.millis, "status": it.status, "part": it.part,
            "fault": it.fault,
        })
    };
    let attempts: Vec<_> = status.attempts.iter().map(attempt).collect();
    json!({
        "sequence": status.notice.sequence(), "type": status.notice.kind.as_str(),
        "at": utc(Some(status.notice.at)), "why": status.word(), "state": status.text(),
        "next": utc(status.next()), "attemptCount": status.attempt_count, "attempts": attempts,
    })
}

impl RelatedList {
    fn text(&self) -> String {
        let Self { rows, waiting, dead, .. } = self;
        format!("{rows} known, deleted ones included; notices: {waiting} waiting, {dead} dead")
    }

    fn json(&self) -> Value {
        let Self { name, rows, waiting, dead } = self;
        json!({"name": name, "rows": rows, "waitingNotices": waiting, "deadNotices": dead})
    }
}
