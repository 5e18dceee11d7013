//! `koohook applications`: lists the credentials of enterprises for applications, shows one, exports all.
//! It never prints the credentials themselves.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use domain::catalogue::CatalogueList;
use protocol::message::{AppId, InstanceId};
use protocol::time::UnixMillis;
use serde_json::{Map, Value, json};

use crate::entities::{
    self, EntityKind, ExportArguments, Field, FoundEntity, KitTarget, ListArguments, ShowArguments,
    StateOption,
};
use crate::error::CommandError;
use crate::local_time::local_time;

/// Arguments of `koohook applications`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook applications list --state active
  koohook applications show INSTANCE_ID/TENANT_ID/APP_ID
  koohook applications export --format csv >applications.csv

Set KOOHOOK_STORE to the store [default: sqlite:koohook.db], and KOOHOOK_SEAL_KEY to its key.
No output contains a client ID or a client secret.")]
pub struct ApplicationsArguments {
    #[command(subcommand)]
    command: ApplicationsCommand,
}

#[derive(Subcommand)]
enum ApplicationsCommand {
    /// List credentials, the newest change first: change, state, application, enterprise, instance, notices.
    #[command(after_help = "Examples:
  koohook applications list
  koohook applications list --state deleted --all
  koohook applications list -o json | jq '.[].appId'

-o json prints one array. Its elements have the members of an export.")]
    List(ListArguments<ApplicationStateOption>),
    /// Show what happened to an enterprise's credentials, the number of its people, and what happens next.
    #[command(after_help = "Examples:
  koohook applications show INSTANCE_ID/TENANT_ID/APP_ID
  koohook applications show TENANT_ID -o json

With all IDs one read finds them, without them a search. If several match, they are listed. koohook does
not keep the data of people, only their number.

-o json prints one array with one element for each match: the members of an export, and key, events,
notices, endedNotices, droppedNotices, deletedDeadNotices, lists, waits, next.")]
    Show {
        /// The enterprise's ID, or both or all three IDs. An empty INSTANCE_ID means that the calls name
        /// no instance.
        #[arg(value_name = "TENANT_ID|INSTANCE_ID/TENANT_ID[/APP_ID]")]
        id: String,
        #[command(flatten)]
        show: ShowArguments,
    },
    /// Export credentials as CSV or JSON lines, the newest change first.
    #[command(after_help = "Examples:
  koohook applications export --format csv >applications.csv
  koohook applications export --format jsonl --state active

Columns: appId, tenantId, instanceId, state, changed, waitingNotices, deadNotices. Times are RFC 3339 in
UTC. Credentials that change during the export may be missing, or appear twice.")]
    Export(ExportArguments<ApplicationStateOption>),
}

/// The state of an enterprise's credentials.
#[derive(Clone, Copy, ValueEnum)]
pub enum ApplicationStateOption {
    /// They exist.
    Active,
    /// They were deleted.
    Deleted,
}

impl StateOption for ApplicationStateOption {
    fn list(&self) -> CatalogueList {
        match self {
            Self::Active => CatalogueList::ActiveApplications,
            Self::Deleted => CatalogueList::DeletedApplications,
        }
    }
}

/// Lists, shows or exports credentials.
pub fn run(arguments: &ApplicationsArguments) -> Result<ExitCode, CommandError> {
    match &arguments.command {
        ApplicationsCommand::List(arguments) => entities::list(&APPLICATIONS, arguments),
        ApplicationsCommand::Show { id, show } => {
            entities::show(&APPLICATIONS, show, &KitTarget::application(id))
        }
        ApplicationsCommand::Export(arguments) => entities::export(&APPLICATIONS, arguments),
    }
}

/// The IDs of the application, the enterprise and the instance.
fn ids(found: &FoundEntity) -> [Option<String>; 3] {
    let Some(ids) = &found.record.ids else { return [None, None, None] };
    let app = ids.app_id.as_ref().map(AppId::to_string);
    [app, Some(ids.tenant_id.to_string()), ids.instance_id.as_ref().map(InstanceId::to_string)]
}

fn row(found: &FoundEntity, _: UnixMillis) -> [String; 6] {
    let [app, tenant, instance] = ids(found).map(Option::unwrap_or_default);
    let changed = found.changed.map(local_time).unwrap_or_default();
    [changed, found.list.state().to_owned(), app, tenant, instance, found.notices_text()]
}

fn summary(found: &FoundEntity) -> Map<String, Value> {
    let [app, tenant, instance] = ids(found);
    let members = json!({"appId": app, "tenantId": tenant, "instanceId": instance});
    if let Value::Object(members) = members { members } else { Map::new() }
}

fn fields(found: &FoundEntity, _: UnixMillis) -> Vec<Field> {
    let [app, tenant, instance] = ids(found);
    vec![
        ("key", app.is_none().then(|| found.key.clone())),
        ("application", app),
        ("enterprise", tenant),
        ("instance", instance),
        ("state", Some(found.list.state().to_owned())),
    ]
}

const APPLICATIONS: EntityKind<6> = EntityKind {
    noun: "application",
    plural: "applications",
    lists: &[CatalogueList::ActiveApplications, CatalogueList::DeletedApplications],
    heads: ["CHANGED", "STATE", "APPLICATION", "ENTERPRISE", "INSTANCE", "NOTICES"],
    row,
    members: &["appId", "tenantId", "instanceId"],
    summary,
    fields,
};
