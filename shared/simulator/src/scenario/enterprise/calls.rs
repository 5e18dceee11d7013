//! The members of the kit's calls, as in the tables of the guides.

use serde_json::{Value as Json, json};

use super::records::Department;
use super::{APP, Party};
use crate::scenario::{Call, Carries, Contract, SUCCESS, State, Step, Value};

impl Party<'_> {
    pub(super) fn tenant(self, step: Step, name: &str, flag: i32) -> Step {
        step.with("orderId", self.order)
            .with("tenantCode", "huawei")
            .with("name", name)
            .with("domainName", "https://example.tenantaccount.com")
            .flagged(flag)
    }

    /// Under V1, a list is a text.
    pub(super) fn people(self, step: Step, flag: i32, people: Vec<Json>) -> Step {
        let people = Json::from(people);
        let list = match self.contract {
            Contract::KitV2 => Value::Json(people),
            Contract::V1 | Contract::V2 | Contract::KitV1 => people.to_string().into(),
        };
        step.with("appId", APP).with("userList", list).flagged(flag)
    }

    pub(super) fn single(
        self,
        step: Step,
        flag: i32,
        code: &str,
        name: &str,
        parent: &str,
    ) -> Step {
        step.with("orgCode", code).with("orgName", name).with("parentCode", parent).flagged(flag)
    }

    /// Under V1, the list is a text, and the member for a department's name has another name.
    pub(super) fn list(self, step: Step, list: &[Department]) -> Step {
        let entry = |name: &str| {
            list.iter()
                .map(|one| json!({ "orgCode": one.code, name: one.name, "parentCode": one.parent }))
                .collect::<Json>()
        };
        match self.contract {
            Contract::KitV2 => step.with("orgInfoList", Value::Json(entry("orgName"))),
            Contract::V1 | Contract::V2 | Contract::KitV1 => {
                step.with("orgInfo", entry("name").to_string())
            }
        }
    }

    /// The form of the guides' examples: a text with unquoted member names.
    pub(super) fn list_as_text(self, step: Step, list: &[Department]) -> Step {
        let (member, name) = match self.contract {
            Contract::KitV2 => ("orgInfoList", "orgName"),
            Contract::V1 | Contract::V2 | Contract::KitV1 => ("orgInfo", "name"),
        };
        let entries: Vec<String> = list.iter().map(|one| one.unquoted(name)).collect();
        step.with(member, format!("[{}]", entries.join(", ")))
    }

    /// A step of the kit. Its only member is the instance's ID; the caller adds the others.
    pub(super) fn step(self, page: &'static str, remark: &str) -> Step {
        Step {
            title: format!("{page} {remark}").trim_end().to_owned(),
            call: Call {
                contract: self.contract,
                page,
                members: vec![("instanceId", self.instance_id.into())],
            },
            code: SUCCESS,
            carries: Carries::Nothing,
            // A kit call does not change the instance.
            state: State::Absent,
            repeat: true,
            race: false,
            is_decision: false,
        }
    }
}

impl Step {
    pub(super) fn of(self, tenant: &str) -> Self {
        self.with("tenantId", tenant)
    }

    /// Adds the flag. Flags of the kit are numbers.
    fn flagged(self, flag: i32) -> Self {
        self.with("flag", Value::Json(flag.into()))
    }

    pub(super) fn rehearsed(self) -> Self {
        self.with("testFlag", Value::Json(1.into()))
    }

    pub(super) fn on_time(self) -> Self {
        self.at(&Value::ChinaTime)
    }

    /// Adds the last members: the time, and `testFlag` 0 for a real call.
    pub(super) fn at(self, time: &Value) -> Self {
        let step =
            if self.is_rehearsal() { self } else { self.with("testFlag", Value::Json(0.into())) };
        let step = match step.call.page {
            "authSync" => step.with("currentSyncTime", time.clone()),
            _ => step,
        };
        step.with("timeStamp", time.clone())
    }
}

pub(super) fn application(step: Step, app: &str, flag: i32) -> Step {
    step.with("appId", app)
        .with("clientId", "clientId-0001")
        .with("clientSecret", Value::SealedSecret)
        .flagged(flag)
}

pub(super) const DELETE: i32 = 0;
pub(super) const ADD: i32 = 1;
pub(super) const MODIFY: i32 = 2;
/// Cancels an authorisation. Only V2 has it.
pub(super) const REVOKE: i32 = 3;
