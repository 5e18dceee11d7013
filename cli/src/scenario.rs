//! The scenarios of `koohook demo` and `koohook conform`. Each run has new order IDs.

use simulator::scenario::{self, Contract, Step};

use crate::generated;
use crate::options::AccessGuide;

/// The scenarios of a purchase: of one access guide, or of both.
pub fn purchases(only: Option<AccessGuide>) -> Vec<Vec<Step>> {
    let now = generated::now_millis();
    let order = format!("CS{now}DEMO");
    of_guides(
        only,
        || scenario::v1(&format!("{order}A"), now),
        || scenario::v2(&format!("{order}B"), now),
    )
}

/// The scenarios of an enterprise: of one access guide, or of both.
pub fn enterprises(only: Option<AccessGuide>) -> Vec<Vec<Step>> {
    let now = generated::now_millis();
    let (order, instance) = (format!("CS{now}KIT"), format!("instance-{now}"));
    let names = |letter: &str| (format!("{instance}{letter}"), format!("{order}{letter}"));
    let (v1, v2) = (names("A"), names("B"));
    of_guides(
        only,
        || scenario::enterprise_v1(&v1.0, &v1.1, now),
        || scenario::enterprise_v2(&v2.0, &v2.1, now),
    )
}

/// The contract of a scenario.
pub fn contract(scenario: &[Step]) -> Contract {
    scenario.first().map_or(Contract::V2, |step| step.call.contract)
}

/// The name of a step's access guide in reports.
pub const fn guide(step: &Step) -> &'static str {
    if step.call.contract.is_v2() { "access guide 2.0" } else { "access guide 1.0" }
}

fn of_guides(
    only: Option<AccessGuide>,
    v1: impl FnOnce() -> Vec<Step>,
    v2: impl FnOnce() -> Vec<Step>,
) -> Vec<Vec<Step>> {
    match only {
        Some(AccessGuide::V1) => vec![v1()],
        Some(AccessGuide::V2) => vec![v2()],
        None => vec![v1(), v2()],
    }
}
