//! `queryInstance`: the marketplace asks for access data (both guides, "querying an instance").
//!
//! Asked again and again until a purchase is ready, and live whenever the buyer looks. Never
//! `000000` with nothing in it: that would end the asking.

use marketplace::app_info::Template;
use marketplace::entity::{Entity, Subject};
use marketplace::message::{Activity, InstanceInfo, Malformed, QueryInstance, Reply};
use marketplace::page::{Look, Looks, Page, Settings, Unfit};
use marketplace::refusal::Refusal;
use marketplace::result_code::ResultCode;
use marketplace::signature::{Contract, Verified};

/// What this function serves.
pub type Function = Looks<Query>;

/// The page.
pub struct Query {
    rehearsal: Option<Template>,
}

impl Page for Query {
    const ACTIVITY: Activity = Activity::QueryInstance;
    type Request = QueryInstance;

    fn new(settings: &Settings) -> Result<Self, Unfit> {
        Ok(Self { rehearsal: settings.rehearsal_template() })
    }

    fn rehearse(&self, verified: &Verified) -> Result<Reply, Malformed> {
        let ids = QueryInstance::rehearsed_ids(verified)?;
        let template = self.rehearsal.as_ref();
        let echo = |id: String| InstanceInfo {
            app_info: template.map(|template| template.fill(&id, "")).unwrap_or_default(),
            instance_id: id,
        };
        Ok(Reply { info: ids.into_iter().map(echo).collect(), ..Reply::success() })
    }

    fn read(&self, verified: &Verified) -> Result<QueryInstance, Malformed> {
        QueryInstance::read(verified)
    }
}

impl Look for Query {
    fn subjects(&self, request: &QueryInstance) -> Vec<Subject> {
        request.instance_ids.iter().cloned().map(Subject::Instance).collect()
    }

    fn discloses(&self, verified: &Verified) -> bool {
        // V1 seals the credentials; under V2 they travel in clear.
        verified.contract() == Contract::V2
    }

    fn reply(&self, request: &QueryInstance, found: &[Option<Entity>]) -> Result<Reply, Refusal> {
        let looked_up: Vec<_> = request.instance_ids.iter().zip(found).map(look_up).collect();
        let code = code(&looked_up);
        Ok(Reply { info: looked_up.into_iter().flatten().collect(), ..Reply::of(code) })
    }
}

fn look_up(
    (id, found): (&marketplace::message::InstanceId, &Option<Entity>),
) -> Result<InstanceInfo, ResultCode> {
    match found {
        Some(Entity::Instance(instance)) => Ok(InstanceInfo {
            instance_id: id.to_string(),
            app_info: instance.looked_up()?.clone(),
        }),
        Some(_) | None => Err(ResultCode::InstanceNotFound),
    }
}

/// The code of a list: ready if any is, else pending if any is, else the first refusal, else
/// unknown (decision D8).
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
