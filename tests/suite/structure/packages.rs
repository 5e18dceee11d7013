//! Dependencies between packages go in one direction, and a package links only the libraries that
//! it needs.

use std::collections::BTreeSet;
use std::process::Command;

use super::modules::{packages, targets};
use super::source::begins;
use super::{root, text};

/// The packages of this workspace that each package may depend on, from the bottom up.
const ARROWS: [(&str, &[&str]); 8] = [
    ("protocol", &[]),
    ("domain", &["protocol"]),
    ("shell", &["domain", "protocol"]),
    // Only its binaries use the shell.
    ("functions", &["domain", "protocol", "shell"]),
    ("simulator", &[]),
    // The command reads notices and keys itself, so it depends on their packages.
    ("koohook", &["domain", "functions", "protocol", "shell", "simulator"]),
    ("tests", &["domain", "functions", "protocol", "shell", "simulator"]),
    ("bench", &["domain", "functions", "protocol", "shell", "simulator", "tests"]),
];

#[test]
fn a_package_depends_only_on_packages_below_it() {
    let packages = packages();
    let ours: BTreeSet<&str> =
        packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(ours, ARROWS.iter().map(|(name, _)| *name).collect());
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let named = package["dependencies"].as_array().unwrap().iter();
        let named: BTreeSet<&str> = named
            .map(|dependency| dependency["name"].as_str().unwrap())
            .filter(|dependency| ours.contains(dependency))
            .collect();
        let (_, allowed) = ARROWS.iter().find(|(package, _)| *package == name).unwrap();
        assert_eq!(named, allowed.iter().copied().collect(), "{name}");
    }
}

#[test]
fn only_the_binaries_of_the_functions_use_the_shell() {
    let targets = targets();
    let pages = targets.iter().find(|target| target.name == "functions (lib)").unwrap();
    for module in &pages.modules {
        let tokens = module.tokens();
        let names_shell = (0..tokens.len()).any(|at| begins(&tokens[at..], &["shell", ":", ":"]));
        assert!(!names_shell, "{} uses the shell", module.file);
    }
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
fn the_domain_and_the_protocol_have_no_io_libraries() {
    let core = tree(&["-p", "domain"]);
    assert!(core.contains("protocol") && !core.contains("shell"));
    for name in ["tokio", "futures-util", "http", "tracing", "getrandom", "rusqlite", "ureq"] {
        assert!(!core.contains(name), "the domain depends on {name}");
    }
}

#[test]
fn the_shell_without_features_has_no_runtime() {
    let shell = tree(&["-p", "shell", "--no-default-features"]);
    for name in ["tokio", "hyper", "lambda_http", "redis", "rusqlite"] {
        assert!(!shell.contains(name), "the shell without features depends on {name}");
    }
}

#[test]
fn the_simulator_depends_on_no_package_of_this_workspace() {
    let simulator = tree(&["-p", "simulator"]);
    for name in ["protocol", "domain", "shell"] {
        assert!(!simulator.contains(name), "the simulator depends on {name}");
    }
}

#[test]
fn the_pages_do_not_depend_on_the_shell() {
    let pages =
        tree(&["-p", "functions", "--no-default-features", "--features", "application-sync"]);
    assert!(!pages.contains("shell"), "a page depends on the shell");
}

/// OpenSSL takes minutes to build, and no other function links it.
#[test]
fn only_application_sync_links_openssl() {
    for features in ["aws", "functiongraph", "vercel"] {
        let tree = tree(&["-p", "functions", "--no-default-features", "--features", features]);
        assert!(!tree.contains("openssl"), "every function links OpenSSL under {features}");
    }
}

/// cargo-lambda, which SAM's builder calls, sets `abort` for a release if its profile names no
/// strategy. Then a panic would end a function without an answer.
#[test]
fn the_release_profile_names_unwind() {
    let manifest = text("Cargo.toml");
    let (_, after) = manifest.split_once("\n[profile.release]\n").unwrap();
    let release = after.split("\n[").next().unwrap();
    assert!(release.lines().any(|line| line == r#"panic = "unwind""#), "{release}");
}
