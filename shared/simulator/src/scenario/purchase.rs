//! The calls about a purchase that both guides have.

use super::{Carries, Contract, REHEARSED, State, Step, UNKNOWN, UNKNOWN_ID, Value};

impl Contract {
    pub(super) fn step(self, activity: &str, remark: &str, state: State) -> Step {
        Step::new(self, activity, remark, state)
    }

    /// A call about the instance of this scenario.
    pub(super) fn this(self, activity: &str, remark: &str, state: State) -> Step {
        self.step(activity, remark, state).with("instanceId", Value::InstanceId)
    }

    /// A call about an instance that does not exist.
    pub(super) fn about_unknown(self, activity: &str) -> Step {
        self.step(activity, "of an unknown instance", State::Absent)
            .with("instanceId", UNKNOWN_ID)
            .refused(UNKNOWN)
    }

    pub(super) fn query(self, remark: &str, state: State) -> Step {
        self.step("queryInstance", remark, state)
    }

    /// Two queries of the new instance. The second also asks for an instance that does not exist.
    pub(super) fn queries(self) -> [Step; 2] {
        let listed = || Carries::Listed(vec![Value::InstanceId]);
        [
            self.query("", State::Active).with("instanceId", Value::InstanceId).carrying(listed()),
            self.query("with an unknown instance", State::Active)
                .with("instanceId", Value::InstanceIdAnd(UNKNOWN_ID))
                .with("testFlag", "0")
                .carrying(listed()),
        ]
    }

    /// A saved case of the debugging page. `when` names its point in the scenario.
    pub(super) fn saved_case(self, activity: &str, remark: &str, when: &str, state: State) -> Step {
        let remark = format!("{remark} rehearsed {when}");
        rehearse(self.step(activity, remark.trim_start(), state)).with("instanceId", REHEARSED)
    }

    pub(super) fn rehearsed_query(self, when: &str, state: State) -> Step {
        let other = "987654321";
        rehearse(self.query(&format!("rehearsed {when}"), state))
            .with("instanceId", format!("{REHEARSED},{other}"))
            .carrying(Carries::Listed(vec![REHEARSED.into(), other.into()]))
    }
}

/// Marks a base call as a rehearsal. Flags of base calls are texts.
pub(super) fn rehearse(step: Step) -> Step {
    step.with("testFlag", "1")
}
