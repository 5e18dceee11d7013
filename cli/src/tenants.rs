//! `koohook tenants`: lists enterprises of the kit, shows one, exports all.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use domain::catalogue::CatalogueList;
use domain::entity::Entity;
use domain::history::KitIds;
use domain::tenant::{Dated, Tenant};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde_json::{Map, Value, json};

use crate::entities::{
    self, EntityKind, ExportArguments, Field, FoundEntity, KitTarget, ListArguments, ShowArguments,
    StateOption,
};
use crate::error::CommandError;
use crate::local_time::local_time;

/// Arguments of `koohook tenants`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook tenants list --state active
  koohook tenants show TENANT_ID
  koohook tenants show INSTANCE_ID/TENANT_ID
  koohook tenants export --format csv >tenants.csv

Set KOOHOOK_STORE to the store [default: sqlite:koohook.db], and KOOHOOK_SEAL_KEY to its key.")]
pub struct TenantsArguments {
    #[command(subcommand)]
    command: TenantsCommand,
}

#[derive(Subcommand)]
enum TenantsCommand {
    /// List enterprises, the newest change first: change, state, enterprise, instance, name, code, notices.
    #[command(after_help = "Examples:
  koohook tenants list
  koohook tenants list --state deleted --all
  koohook tenants list -o json | jq '.[].tenantId'

-o json prints one array. Its elements have the members of an export.")]
    List(ListArguments<TenantStateOption>),
    /// Show what happened to an enterprise, its departments, and what happens next.
    #[command(after_help = "Examples:
  koohook tenants show TENANT_ID
  koohook tenants show INSTANCE_ID/TENANT_ID -o json

With both IDs the enterprise is found by one read, without them by a search. If several match, they are
listed. koohook does not keep the data of departments, only their number.

-o json prints one array with one element for each match: the members of an export, and key, events,
notices, endedNotices, droppedNotices, deletedDeadNotices, lists, waits, next.")]
    Show {
        /// The enterprise's ID, or both IDs. An empty INSTANCE_ID means that the calls name no instance.
        #[arg(value_name = "TENANT_ID|INSTANCE_ID/TENANT_ID")]
        id: String,
        #[command(flatten)]
        show: ShowArguments,
    },
    /// Export enterprises as CSV or JSON lines, the newest change first.
    #[command(after_help = "Examples:
  koohook tenants export --format csv >tenants.csv
  koohook tenants export --format jsonl --state active

Columns: tenantId, instanceId, name, code, domain, state, changed, waitingNotices, deadNotices. Times are
RFC 3339 in UTC. A deleted enterprise has no name, code and domain. An enterprise that changes during the
export may be missing, or appear twice.")]
    Export(ExportArguments<TenantStateOption>),
}

/// The state of an enterprise.
#[derive(Clone, Copy, ValueEnum)]
pub enum TenantStateOption {
    /// It exists.
    Active,
    /// It was deleted.
    Deleted,
}

impl StateOption for TenantStateOption {
    fn list(&self) -> CatalogueList {
        match self {
            Self::Active => CatalogueList::ActiveTenants,
            Self::Deleted => CatalogueList::DeletedTenants,
        }
    }
}

/// Lists, shows or exports enterprises.
pub fn run(arguments: &TenantsArguments) -> Result<ExitCode, CommandError> {
    match &arguments.command {
        TenantsCommand::List(arguments) => entities::list(&TENANTS, arguments),
        TenantsCommand::Show { id, show } => entities::show(&TENANTS, show, &KitTarget::tenant(id)),
        TenantsCommand::Export(arguments) => entities::export(&TENANTS, arguments),
    }
}

fn tenant_of(found: &FoundEntity) -> Option<&Tenant> {
    match &found.record.entity {
        Entity::Tenant(Dated { standing, .. }) => standing.as_ref(),
        Entity::Instance(_) | Entity::MovedTo(_) | Entity::Application(_) | Entity::KitList(_) => {
            None
        }
    }
}

fn row(found: &FoundEntity, _: UnixMillis) -> [String; 7] {
    let (ids, tenant) = (found.record.ids.as_ref(), tenant_of(found));
    [
        found.changed.map(local_time).unwrap_or_default(),
        found.list.state().to_owned(),
        ids.map(|ids| ids.tenant_id.to_string()).unwrap_or_default(),
        ids.and_then(instance_id).unwrap_or_default(),
        tenant.map(|tenant| tenant.name.clone()).unwrap_or_default(),
        tenant.map(|tenant| tenant.code.clone()).unwrap_or_default(),
        found.notices_text(),
    ]
}

fn summary(found: &FoundEntity) -> Map<String, Value> {
    let (ids, tenant) = (found.record.ids.as_ref(), tenant_of(found));
    let members = json!({
        "tenantId": ids.map(|ids| &ids.tenant_id),
        "instanceId": ids.and_then(instance_id),
        "name": tenant.map(|tenant| &tenant.name),
        "code": tenant.map(|tenant| &tenant.code),
        "domain": tenant.map(|tenant| &tenant.domain),
    });
    if let Value::Object(members) = members { members } else { Map::new() }
}

fn fields(found: &FoundEntity, _: UnixMillis) -> Vec<Field> {
    let (ids, tenant) = (found.record.ids.as_ref(), tenant_of(found));
    vec![
        ("enterprise", ids.map(|ids| ids.tenant_id.to_string())),
        ("instance", ids.and_then(instance_id)),
        ("key", ids.is_none().then(|| found.key.clone())),
        ("state", Some(found.list.state().to_owned())),
        ("name", tenant.map(|tenant| tenant.name.clone())),
        ("code", tenant.map(|tenant| tenant.code.clone())),
        ("domain", tenant.map(|tenant| tenant.domain.clone())),
    ]
}

fn instance_id(ids: &KitIds) -> Option<String> {
    ids.instance_id.as_ref().map(InstanceId::to_string)
}

const TENANTS: EntityKind<7> = EntityKind {
    noun: "enterprise",
    plural: "enterprises",
    lists: &[CatalogueList::ActiveTenants, CatalogueList::DeletedTenants],
    heads: ["CHANGED", "STATE", "ENTERPRISE", "INSTANCE", "NAME", "CODE", "NOTICES"],
    row,
    members: &["tenantId", "instanceId", "name", "code", "domain"],
    summary,
    fields,
};
