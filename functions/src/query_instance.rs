//! `queryInstance`: the marketplace queries access data and usage (both guides, "querying an
//! instance").
//!
//! The marketplace repeats the query until a purchase is ready. It also queries when the buyer
//! opens the instance. The answer is never `000000` without access data, because then the
//! marketplace would stop querying. It contains the usage of pay-per-use instances and of packages
//! (decision J6).

use domain::app_info_template::Template;
use domain::entity::{Entity, Subject};
use domain::page::{FoundSubject, Lookup, Page, Request};
use domain::refusal::Refusal;
use domain::settings::Settings;
use domain::usage::no_usage;
use protocol::message::{InstanceId, InstanceInfo, Malformed, QueryInstance, Reply};
use protocol::result_code::ResultCode;
use protocol::signature::{Contract, Verified};
use protocol::time::UnixMillis;

/// The page with its settings for rehearsals.
pub(crate) struct Query {
    template: Option<Template>,
    rehearsed_usage: bool,
}

impl Query {
    pub(crate) fn new(settings: &Settings) -> Self {
        let Settings { rehearsed_usage, .. } = *settings;
        Self { template: settings.rehearsal_template(), rehearsed_usage }
    }
}

impl Page for Query {
    fn rehearse(&self, call: &Verified, now: UnixMillis) -> Result<Reply, Malformed> {
        let ids = QueryInstance::rehearsed_ids(call)?;
        let template = self.template.as_ref();
        let echo = |id: String| InstanceInfo {
            app_info: template.map(|template| template.fill(&id, "")).unwrap_or_default(),
            usage_info: self.rehearsed_usage.then(|| no_usage(now)).into_iter().collect(),
            instance_id: id,
        };
        Ok(Reply { info: ids.into_iter().map(echo).collect(), ..Reply::success() })
    }

    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        let contract = call.contract();
        Ok(Request::Lookup(Box::new(Question { call: QueryInstance::read(call)?, contract })))
    }
}

struct Question {
    call: QueryInstance,
    contract: Contract,
}

impl Lookup for Question {
    /// One read for each ID. If the text contains a comma, one more read for the whole text as one
    /// ID.
    fn subjects(&self) -> Vec<Subject> {
        self.ids().cloned().map(Subject::Instance).collect()
    }

    fn discloses(&self) -> bool {
        // V1 encrypts the credentials. V2 sends them in plain text.
        self.contract == Contract::V2
    }

    /// Only a ready instance is in the answer, and only some instances have usage.
    fn wants_usage(&self, entity: &Entity) -> bool {
        let Entity::Instance(instance) = entity else { return false };
        instance.looked_up().is_ok() && instance.usage_kind().is_some()
    }

    fn reply(&self, found: &[FoundSubject], now: UnixMillis) -> Result<Reply, Refusal> {
        let ids = self.ids().zip(found).collect();
        let answers = requested(&self.call, ids).map(|(id, found)| look_up(id, found, now));
        let looked_up: Vec<_> = answers.collect();
        let code = code(&looked_up);
        Ok(Reply { info: looked_up.into_iter().flatten().collect(), ..Reply::of(code) })
    }
}

impl Question {
    fn ids(&self) -> impl Iterator<Item = &InstanceId> {
        self.call.undivided.iter().chain(&self.call.instance_ids)
    }
}

/// An ID with what was read for it.
type Found<'a> = (&'a InstanceId, &'a FoundSubject);

/// The requested IDs. If an instance has the whole text as its ID, the result is this instance and
/// the pieces that exist. Otherwise the text is a list.
fn requested<'a>(
    request: &QueryInstance,
    found: Vec<Found<'a>>,
) -> impl Iterator<Item = Found<'a>> {
    let exists = |(_, found): &Found<'_>| matches!(found.entity, Some(Entity::Instance(_)));
    let is_undivided = request.undivided.is_some() && found.first().is_some_and(exists);
    let is_list = request.undivided.is_some() && !is_undivided;
    let pieces = found.into_iter().skip(usize::from(is_list));
    pieces.filter(move |found| !is_undivided || exists(found))
}

fn look_up(
    id: &InstanceId,
    found: &FoundSubject,
    now: UnixMillis,
) -> Result<InstanceInfo, ResultCode> {
    match &found.entity {
        Some(Entity::Instance(instance)) => Ok(InstanceInfo {
            instance_id: id.to_string(),
            app_info: instance.looked_up()?.clone(),
            usage_info: instance.usage_info(found.usage.as_ref(), now),
        }),
        Some(_) | None => Err(ResultCode::InstanceNotFound),
    }
}

/// The code of a list (decision D8): success if any instance is ready, otherwise processing if any
/// is pending, otherwise the first refusal, otherwise not found.
fn code(looked_up: &[Result<InstanceInfo, ResultCode>]) -> ResultCode {
    let codes = || looked_up.iter().filter_map(|found| found.as_ref().err().copied());
    if looked_up.iter().any(Result::is_ok) {
        ResultCode::Success
    } else if codes().any(|code| code == ResultCode::Processing) {
        ResultCode::Processing
    } else {
        let refused = codes().find(|code| matches!(code, ResultCode::Refused(_)));
        refused.unwrap_or(ResultCode::InstanceNotFound)
    }
}
