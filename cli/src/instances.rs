//! `koohook instances`: lists instances, shows the whole story of one order, exports all.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use domain::catalogue::{CatalogueList, OrderDigest};
use domain::entity::{Entity, Subject};
use domain::instance::{Access, Instance, InstanceState, id};
use protocol::message::{InstanceId, OrderId, OrderLineId};
use protocol::result_code::ResultCode;
use protocol::time::UnixMillis;
use serde_json::{Map, Value, json};
use shell::store::CatalogueItem;

use crate::entities::{
    self, Candidates, EntityKind, ExportArguments, Field, FoundEntity, ListArguments, LookupTarget,
    ShowArguments, StateOption, utc,
};
use crate::error::CommandError;
use crate::local_time::{age, local_time, span_text};
use crate::shown::shown;

/// Arguments of `koohook instances`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook instances list --state pending --older-than 1h   purchases that wait for more than an hour
  koohook instances show CS1234567890                      the whole story of an order
  koohook instances show CS1234567890/CS1234567890-1       of one order line
  koohook instances export --format csv >instances.csv

Set KOOHOOK_STORE to the store [default: sqlite:koohook.db], and KOOHOOK_SEAL_KEY to its key.
No output contains access data, a phone or an e-mail.")]
pub struct InstancesArguments {
    #[command(subcommand)]
    command: InstancesCommand,
}

#[derive(Subcommand)]
enum InstancesCommand {
    /// List instances, the newest change first: change, state, instance, order, expiry, notices, wait.
    #[command(after_help = "Examples:
  koohook instances list                                   the 50 newest
  koohook instances list --state pending,refused --all
  koohook instances list --state pending --older-than 1h
  koohook instances list -o json | jq '.[].orderId'

-o json prints one array. Its elements have the members of an export, and facts.")]
    List(ListArguments<InstanceStateOption>),
    /// Show what happened to an instance, what happens next and when, and who waits for whom.
    #[command(after_help = "Examples:
  koohook instances show 5222030e-3ea2-5681-b7e8-a216715e0cc4
  koohook instances show CS1234567890
  koohook instances show CS1234567890/CS1234567890-1 -o json

An instance is found by its ID, or by the order of its purchase. The order of a renewal or an upgrade is
in the log: koohook logs --order. If an order has several instances, they are listed.

-o json prints one array with one element for each match: the members of an export, and facts, key,
events, notices, endedNotices, droppedNotices, deletedDeadNotices, waits, next.")]
    Show {
        /// The instance's ID, the order's ID, or ORDER/LINE.
        #[arg(value_name = "ID|ORDER|ORDER/LINE")]
        id: String,
        #[command(flatten)]
        show: ShowArguments,
    },
    /// Export instances as CSV or JSON lines, the newest change first.
    #[command(after_help = "Examples:
  koohook instances export --format csv >instances.csv
  koohook instances export --format jsonl --state active >active.jsonl

Columns: instanceId, orderId, access (pending, ready, refused, abandoned), refusal (the result code),
frozenBy (expiry, status, both), expires, accepted, waitsSince, state, changed, waitingNotices,
deadNotices. Times are RFC 3339 in UTC. An instance that changes during the export may be missing, or
appear twice.")]
    Export(ExportArguments<InstanceStateOption>),
}

/// The state of an instance.
#[derive(Clone, Copy, ValueEnum)]
pub enum InstanceStateOption {
    /// The product has not sent access data yet.
    Pending,
    /// The product refused the order.
    Refused,
    /// The relay abandoned the purchase. By its guide the marketplace refunds it.
    Abandoned,
    /// In use.
    Active,
    /// Frozen by the marketplace.
    Frozen,
    /// Released by the marketplace.
    Released,
}

impl StateOption for InstanceStateOption {
    fn list(&self) -> CatalogueList {
        match self {
            Self::Pending => CatalogueList::PendingInstances,
            Self::Refused => CatalogueList::RefusedInstances,
            Self::Abandoned => CatalogueList::AbandonedInstances,
            Self::Active => CatalogueList::ActiveInstances,
            Self::Frozen => CatalogueList::FrozenInstances,
            Self::Released => CatalogueList::ReleasedInstances,
        }
    }
}

/// An instance by its ID, or by the order line of its purchase.
struct InstanceTarget {
    id: Option<InstanceId>,
    /// A slash may separate order and line, or belong to an ID.
    orders: Vec<(OrderId, Option<OrderLineId>)>,
}

impl InstanceTarget {
    fn parse(text: &str) -> Self {
        let lines = text.match_indices('/').filter_map(|(at, _)| {
            let (order, line) = text.split_at_checked(at)?;
            let line = OrderLineId::parse(line.strip_prefix('/')?).ok()?;
            Some((OrderId::parse(order).ok()?, Some(line)))
        });
        let order = OrderId::parse(text).ok().map(|order| (order, None));
        Self { id: InstanceId::parse(text).ok(), orders: order.into_iter().chain(lines).collect() }
    }
}

impl LookupTarget for InstanceTarget {
    fn candidates(&self) -> Candidates {
        let derived = self.orders.iter().map(|(order, line)| {
            let line = line.as_ref().map(OrderLineId::as_str);
            Subject::Instance(id::derive(order.as_str(), line, None))
        });
        let named = self.id.iter().map(|id| Subject::Instance(id.clone()));
        Candidates { named: named.collect(), derived: derived.collect() }
    }

    fn may_be(&self, item: &CatalogueItem) -> bool {
        self.orders.iter().any(|(order, _)| item.order == Some(OrderDigest::of(order)))
    }

    fn is(&self, found: &FoundEntity) -> bool {
        let Some(instance) = instance_of(found) else { return false };
        let ledger = &found.record.ledger;
        self.orders.iter().any(|(order, line)| {
            let is_line = line.is_none() || ledger.is_purchase(order, line.as_ref()) != Some(false);
            instance.order_id == *order && is_line
        })
    }

    fn note(&self, found: &FoundEntity) -> Option<String> {
        let Instance { id, order_id, .. } = instance_of(found)?;
        let is_unknown = |line| found.record.ledger.is_purchase(order_id, Some(line)).is_none();
        let lines = self.orders.iter().filter(|(order, _)| order == order_id);
        let mut lines = lines.filter_map(|(_, line)| line.as_ref());
        let is_unknown = lines.any(is_unknown);
        is_unknown.then(|| format!("{UNKNOWN_LINE}: {}", shown(id.as_str())))
    }
}

const UNKNOWN_LINE: &str = "imported, so its order line is not known; it may be another line";

/// Lists, shows or exports instances.
pub fn run(arguments: &InstancesArguments) -> Result<ExitCode, CommandError> {
    match &arguments.command {
        InstancesCommand::List(arguments) => entities::list(&INSTANCES, arguments),
        InstancesCommand::Show { id, show } => {
            entities::show(&INSTANCES, show, &InstanceTarget::parse(id))
        }
        InstancesCommand::Export(arguments) => entities::export(&INSTANCES, arguments),
    }
}

fn instance_of(found: &FoundEntity) -> Option<&Instance> {
    match &found.record.entity {
        Entity::Instance(instance) => Some(instance),
        Entity::MovedTo(_) | Entity::Tenant(_) | Entity::Application(_) | Entity::KitList(_) => {
            None
        }
    }
}

fn row(found: &FoundEntity, now: UnixMillis) -> [String; 7] {
    let Some(instance) = instance_of(found) else { return Default::default() };
    let time = |at: Option<UnixMillis>| at.map(local_time).unwrap_or_default();
    let wait = instance.wait.map(|wait| span_text(now.since(wait.since)));
    [
        time(found.changed),
        found.list.state().to_owned(),
        instance.id.to_string(),
        instance.order_id.to_string(),
        time(instance.expires),
        found.notices_text(),
        wait.unwrap_or_default(),
    ]
}

fn summary(found: &FoundEntity) -> Map<String, Value> {
    let Some(instance) = instance_of(found) else { return Map::new() };
    let (access, refusal) = access(instance);
    let members = json!({
        "instanceId": instance.id,
        "orderId": instance.order_id,
        "access": access,
        "refusal": refusal.map(ResultCode::as_str),
        "frozenBy": frozen_by(instance),
        "expires": utc(instance.expires),
        "accepted": instance.accepted,
        "waitsSince": utc(instance.wait.map(|wait| wait.since)),
        "facts": instance.facts,
    });
    if let Value::Object(members) = members { members } else { Map::new() }
}

const fn access(instance: &Instance) -> (&'static str, Option<ResultCode>) {
    match &instance.access {
        Access::Pending => ("pending", None),
        Access::Ready(_) => ("ready", None),
        Access::Refused(reason) => ("refused", Some(ResultCode::Refused(*reason))),
        Access::Abandoned => ("abandoned", None),
    }
}

const fn frozen_by(instance: &Instance) -> Option<&'static str> {
    match instance.state {
        InstanceState::Frozen(cause) => Some(cause.as_str()),
        InstanceState::Active | InstanceState::Released => None,
    }
}

fn fields(found: &FoundEntity, now: UnixMillis) -> Vec<Field> {
    let Some(instance) = instance_of(found) else { return Vec::new() };
    let time = |at| format!("{} ({})", local_time(at), age(at, now));
    let facts = instance.facts.as_ref().and_then(|facts| serde_json::to_value(facts).ok());
    let facts = facts.as_ref().and_then(Value::as_object).map(|facts| {
        let facts =
            facts.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_str()?)));
        facts.collect::<Vec<_>>().join(", ")
    });
    vec![
        ("instance", Some(instance.id.to_string())),
        ("order", Some(instance.order_id.to_string())),
        ("state", Some(state_text(found.list, instance))),
        ("access", Some(access(instance).0.to_owned())),
        ("waits since", instance.wait.map(|wait| time(wait.since))),
        ("abandoned at", instance.abandoned_at.map(time)),
        ("expiry", Some(instance.expires.map_or_else(|| NO_EXPIRY.to_owned(), time))),
        ("accepted", Some(if instance.accepted { "yes" } else { "no" }.to_owned())),
        ("facts", facts.filter(|facts| !facts.is_empty())),
    ]
}

fn state_text(list: CatalogueList, instance: &Instance) -> String {
    let why = match (list, access(instance).1, frozen_by(instance)) {
        (CatalogueList::PendingInstances, _, _) => "the product has not sent access data",
        (CatalogueList::RefusedInstances, Some(code), _) => {
            let (digits, meaning) = (code.as_str(), code.message().trim_end_matches('.'));
            return format!("refused: the product answered {digits}, {meaning}");
        }
        (CatalogueList::AbandonedInstances, _, _) => {
            "no call for 3 hours was answered 000000, so by its guide the marketplace refunds it"
        }
        (CatalogueList::ReleasedInstances, _, _) => "the marketplace ended the instance",
        (_, _, Some("expiry")) => "the paid term ended",
        (_, _, Some("status")) => "the marketplace froze it by its status call",
        (_, _, Some(_)) => "the paid term ended, and the marketplace froze it",
        (_, _, None) => "in use",
    };
    format!("{}: {why}", list.state())
}

const INSTANCES: EntityKind<7> = EntityKind {
    noun: "instance",
    plural: "instances",
    lists: &[
        CatalogueList::PendingInstances,
        CatalogueList::RefusedInstances,
        CatalogueList::AbandonedInstances,
        CatalogueList::ActiveInstances,
        CatalogueList::FrozenInstances,
        CatalogueList::ReleasedInstances,
    ],
    heads: ["CHANGED", "STATE", "INSTANCE", "ORDER", "EXPIRY", "NOTICES", "WAITS FOR"],
    row,
    members: &[
        "instanceId",
        "orderId",
        "access",
        "refusal",
        "frozenBy",
        "expires",
        "accepted",
        "waitsSince",
    ],
    summary,
    fields,
};

const NO_EXPIRY: &str = "not known; the marketplace sends it with the first renewal";

#[cfg(test)]
mod tests {
    use protocol::result_code::OrderRefused;

    use super::*;

    #[test]
    fn a_refused_order_shows_the_code_and_its_meaning() {
        let (id, order) = (InstanceId::parse("i").unwrap(), OrderId::parse("CS1").unwrap());
        let access = Access::Refused(OrderRefused::Email);
        let text =
            state_text(CatalogueList::RefusedInstances, &Instance::created(id, order, access));
        let expected = "refused: the product answered 000102, email is empty or already exists";
        assert_eq!(text, expected);
    }
}
