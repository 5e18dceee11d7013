//! The name of the function that serves a step, if each function has a separate address.

use protocol::message::Activity;
use protocol::signature::Contract;
use simulator::scenario::Step;

/// The name of the function that serves a step's activity.
pub fn function_name(step: &Step) -> String {
    let is_meant = |activity: &Activity| {
        [Contract::V1, Contract::V2]
            .into_iter()
            .any(|contract| activity.word(contract) == Some(step.activity()))
    };
    match Activity::ALL.into_iter().find(is_meant) {
        Some(activity) => in_kebab_case(activity.as_str()),
        None => "receive".to_owned(),
    }
}

/// Writes `newInstance` as `new-instance`, which is the name of its function.
fn in_kebab_case(activity: &str) -> String {
    let mut name = String::new();
    for letter in activity.chars() {
        if letter.is_ascii_uppercase() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use simulator::scenario::{enterprise_v1, enterprise_v2, v1, v2};

    use super::*;

    /// The manifest that names the built functions.
    const MANIFEST: &str = include_str!("../../../functions/Cargo.toml");

    #[test]
    fn each_step_has_the_function_of_its_activity() {
        let purchases = [v1("CS1", 0), v2("CS2", 0)];
        let enterprises = [enterprise_v1("i-1", "CS3", 0), enterprise_v2("i-2", "CS4", 0)];
        for step in purchases.iter().chain(&enterprises).flatten() {
            let name = function_name(step);
            assert_ne!(name, "receive", "{}", step.title);
            assert!(MANIFEST.contains(&format!("name = \"{name}\"")), "{}: {name}", step.title);
        }
    }

    #[test]
    fn the_activity_names_of_v1_have_the_same_functions() {
        let names = |steps: Vec<Step>, activity: &str| {
            let step = steps.into_iter().find(|step| step.activity() == activity);
            function_name(&step.unwrap())
        };
        assert_eq!(names(v1("CS1", 0), "instanceStatus"), "update-instance-status");
        assert_eq!(names(v1("CS1", 0), "upgrade"), "upgrade-instance");
        assert_eq!(names(enterprise_v1("i", "CS1", 0), "singleOrgSync"), "single-org-sync");
    }
}
