//! Folders, maps in `lib.rs`, the template and both READMEs name the same functions and modules.

use std::collections::BTreeSet;

use protocol::message::Activity;
use protocol::signature::Contract;

use super::{functions, text};

/// The first cells of a README's tables of functions. The names are in kebab case.
fn table(readme: &str) -> BTreeSet<String> {
    let rows = text(readme);
    let cells = rows.lines().filter_map(|row| row.strip_prefix("| `")?.split_once("` | "));
    cells
        .filter(|(_, rest)| rest.matches('|').count() == 3)
        .filter(|(name, _)| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn readmes_and_binaries_agree() {
    for readme in ["README.md", "README.zh-CN.md"] {
        assert_eq!(table(readme), functions(), "{readme}");
    }
}

#[test]
fn readmes_name_the_wire_words_of_every_activity() {
    let words = |function: &str, contract| {
        let activity =
            Activity::ALL.into_iter().find(|activity| function_of(*activity) == function)?;
        Some(activity.word(contract).map_or("–".to_owned(), |word| format!("`{word}`")))
    };
    for readme in ["README.md", "README.zh-CN.md"] {
        let callbacks = functions();
        for function in callbacks.iter().filter(|name| !WITHOUT_ACTIVITY.contains(&name.as_str())) {
            let [v1, v2] =
                [Contract::V1, Contract::V2].map(|contract| words(function, contract).unwrap());
            let row = format!("| `{function}` | {v1} | {v2} |");
            assert!(text(readme).contains(&row), "{readme} must contain the row {row}");
        }
    }
}

/// Functions that do not belong to one activity: the shared endpoint, the endpoints for the product,
/// and the timer.
const WITHOUT_ACTIVITY: [&str; 4] = ["app-info", "receive", "relay", "usage"];

fn function_of(activity: Activity) -> &'static str {
    match activity {
        Activity::NewInstance => "new-instance",
        Activity::RefreshInstance => "refresh-instance",
        Activity::ExpireInstance => "expire-instance",
        Activity::UpdateInstanceStatus => "update-instance-status",
        Activity::UpgradeInstance => "upgrade-instance",
        Activity::ReleaseInstance => "release-instance",
        Activity::QueryInstance => "query-instance",
        Activity::ChangeInstanceCheck => "change-instance-check",
        Activity::TenantSync => "tenant-sync",
        Activity::ApplicationSync => "application-sync",
        Activity::AuthSync => "auth-sync",
        Activity::SingleOrgSync => "single-org-sync",
        Activity::AllOrgSync => "all-org-sync",
    }
}

#[test]
fn template_has_a_resource_for_every_function() {
    let template = text("template.yaml");
    for function in functions() {
        assert!(template.contains(&format!("Binary: {function} }}")), "{function}");
    }
}

#[test]
fn pages_on_settings_name_every_setting_that_is_read() {
    for page in ["docs/configuration.md", "docs/configuration.zh-CN.md"] {
        for setting in shell::config::VARIABLES {
            assert!(text(page).contains(&format!("`{setting}`")), "{page} lacks {setting}");
        }
    }
}

/// The map in a crate's `lib.rs` names every module of the crate.
#[test]
fn the_module_list_in_lib_rs_names_every_module() {
    for (krate, hidden) in [
        ("protocol", vec![]),
        ("domain", vec!["uuid_v5"]),
        ("shell", vec![]),
        ("simulator", vec!["form", "mac"]),
    ] {
        let map = text(&format!("shared/{krate}/src/lib.rs"));
        let (doc, code): (Vec<&str>, Vec<&str>) =
            map.lines().partition(|line| line.starts_with("//!"));
        let doc = doc.join("\n");
        let modules = code.iter().filter_map(|line| {
            line.strip_prefix("pub mod ").or(line.strip_prefix("mod "))?.strip_suffix(';')
        });
        for module in modules.filter(|module| !hidden.contains(module)) {
            assert!(doc.contains(&format!("`{module}`")), "{krate} does not map {module}");
        }
    }
}

#[test]
fn the_main_files_of_all_functions_are_alike() {
    let mains: BTreeSet<String> = functions()
        .iter()
        .filter(|name| !matches!(name.as_str(), "app-info" | "relay" | "usage"))
        .map(|name| {
            let main = text(&format!("functions/src/bin/{name}.rs"));
            let row = format!("[functions::{}]", name.replace('-', "_").to_uppercase());
            main.replace(name, "NAME").replace(&row, "ROWS").replace("functions::BASE", "ROWS")
        })
        .collect();
    assert_eq!(mains.len(), 1, "each main file has the same four lines");
}
