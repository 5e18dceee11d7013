//! A newcomer finds every room: folders, maps, template and both READMEs name the same things;
//! and what may not depend on what, does not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::message::Activity;
use protocol::signature::Contract;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

/// The names of the binaries: one for each function.
fn functions() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("functions/src/bin")).unwrap().map(Result::unwrap);
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.map(|name| name.strip_suffix(".rs").unwrap().to_owned()).collect()
}

/// First cells of a README's tables of functions, whose names are kebab-case.
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
        for function in callbacks.iter().filter(|name| !FACING_OTHERS.contains(&name.as_str())) {
            let [v1, v2] =
                [Contract::V1, Contract::V2].map(|contract| words(function, contract).unwrap());
            let row = format!("| `{function}` | {v1} | {v2} |");
            assert!(text(readme).contains(&row), "{readme} wants a row {row}");
        }
    }
}

/// Functions that are no one activity's: the endpoint of all, and those that face the product and the
/// timer.
const FACING_OTHERS: [&str; 3] = ["app-info", "receive", "relay"];

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

/// Least privilege: each reads and writes values, and the relay alone looks for work.
#[test]
fn every_function_of_the_template_may_do_its_work_and_no_more() {
    let template = text("template.yaml");
    let resources: Vec<&str> =
        template.split("Type: AWS::Serverless::Function\n").skip(1).collect();
    assert_eq!(resources.len(), functions().len());
    for resource in resources {
        let own = resource.split("\n  # ").next().unwrap();
        let policies = own.lines().find_map(|line| line.split_once("Policies: ")).unwrap().1;
        let relays = own.contains("Binary: relay }");
        assert!(policies.starts_with("[!Ref Callback"), "{own}");
        assert_eq!(policies.contains("!Ref Agenda"), relays, "{own}");
    }
}

#[test]
fn readmes_name_every_setting_that_is_read() {
    for readme in ["README.md", "README.zh-CN.md"] {
        for setting in shell::config::VARIABLES {
            assert!(text(readme).contains(&format!("`{setting}`")), "{readme} lacks {setting}");
        }
    }
}

/// The map in a crate's `lib.rs` names every module of the crate.
#[test]
fn maps_name_every_room() {
    for (krate, hidden) in [
        ("protocol", vec![]),
        ("domain", vec!["uuid_v5"]),
        ("shell", vec![]),
        ("simulator", vec!["form", "mac"]),
    ] {
        let map = text(&format!("shared/{krate}/src/lib.rs"));
        let (told, code): (Vec<&str>, Vec<&str>) =
            map.lines().partition(|line| line.starts_with("//!"));
        let told = told.join("\n");
        let modules = code.iter().filter_map(|line| {
            line.strip_prefix("pub mod ").or(line.strip_prefix("mod "))?.strip_suffix(';')
        });
        for module in modules.filter(|module| !hidden.contains(module)) {
            assert!(told.contains(&format!("`{module}`")), "{krate} does not map {module}");
        }
    }
}

#[test]
fn mains_are_alike() {
    let mains: BTreeSet<String> = functions()
        .iter()
        .filter(|name| !matches!(name.as_str(), "app-info" | "relay"))
        .map(|name| {
            let main = text(&format!("functions/src/bin/{name}.rs"));
            let row = format!("[functions::{}]", name.replace('-', "_").to_uppercase());
            main.replace(name, "NAME").replace(&row, "ROWS").replace("functions::BASE", "ROWS")
        })
        .collect();
    assert_eq!(mains.len(), 1, "where a function runs is the same four lines in each");
}

/// The packages that a package needs to run, by name.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_domain_and_the_protocol_cannot_do_anything() {
    let core = tree(&["-p", "domain"]);
    assert!(core.contains("protocol") && !core.contains("shell"));
    for name in ["tokio", "futures-util", "http", "tracing", "getrandom", "rusqlite", "ureq"] {
        assert!(!core.contains(name), "the domain depends on {name}");
    }
}

#[test]
fn the_shell_by_itself_names_no_runtime() {
    let shell = tree(&["-p", "shell", "--no-default-features"]);
    for name in ["tokio", "hyper", "lambda_http", "redis", "rusqlite"] {
        assert!(!shell.contains(name), "the bare shell depends on {name}");
    }
}

#[test]
fn the_simulator_depends_on_none_of_ours() {
    let simulator = tree(&["-p", "simulator"]);
    for name in ["protocol", "domain", "shell"] {
        assert!(!simulator.contains(name), "the simulator depends on {name}");
    }
}

#[test]
fn pages_are_pure() {
    let pages =
        tree(&["-p", "functions", "--no-default-features", "--features", "application-sync"]);
    assert!(!pages.contains("shell"), "a page depends on the shell");
}

/// OpenSSL costs minutes to build and is linked by nothing else.
#[test]
fn only_application_sync_links_openssl() {
    for features in ["aws", "functiongraph"] {
        let tree = tree(&["-p", "functions", "--no-default-features", "--features", features]);
        assert!(!tree.contains("openssl"), "every function links OpenSSL under {features}");
    }
}

#[test]
fn every_binary_is_declared_with_the_features_it_needs() {
    let manifest = text("functions/Cargo.toml");
    for function in functions() {
        let required = if function == "application-sync" {
            r#"["application-sync", "host"]"#
        } else {
            r#"["host"]"#
        };
        let declared = format!("[[bin]]\nname = \"{function}\"\nrequired-features = {required}\n");
        assert!(manifest.contains(&declared), "functions/Cargo.toml wants {declared}");
    }
}

#[test]
fn nothing_banned_is_locked() {
    let lock = text("Cargo.lock");
    for name in ["rsa", "aws-config", "aws-lc-rs", "aws-sdk-dynamodb", "native-tls"] {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} is locked");
    }
}
