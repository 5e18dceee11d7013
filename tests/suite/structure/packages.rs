//! What may not depend on what, does not: arrows between packages run one way, and what a package
//! links is what its work needs.

use std::collections::BTreeSet;
use std::process::Command;

use super::rooms::{packages, targets};
use super::source::begins;
use super::{root, text};

/// Which of our packages each one may name, in the order in which they stand on each other.
const ARROWS: [(&str, &[&str]); 8] = [
    ("protocol", &[]),
    ("domain", &["protocol"]),
    ("shell", &["domain", "protocol"]),
    // Its binaries alone name the shell.
    ("functions", &["domain", "protocol", "shell"]),
    ("simulator", &[]),
    // The command reads notices and keys by itself, so it names what they are made of.
    ("koohook", &["domain", "functions", "protocol", "shell", "simulator"]),
    ("tests", &["domain", "functions", "protocol", "shell", "simulator"]),
    ("bench", &["domain", "functions", "protocol", "shell", "simulator", "tests"]),
];

#[test]
fn packages_depend_on_those_beneath_them_alone() {
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
fn the_binaries_alone_name_the_shell() {
    let targets = targets();
    let pages = targets.iter().find(|target| target.name == "functions (lib)").unwrap();
    for room in &pages.rooms {
        let tokens = room.tokens();
        let names_shell = (0..tokens.len()).any(|at| begins(&tokens[at..], &["shell", ":", ":"]));
        assert!(!names_shell, "{} names the shell", room.file);
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
fn nothing_banned_is_locked() {
    let lock = text("Cargo.lock");
    for name in ["rsa", "aws-config", "aws-lc-rs", "aws-sdk-dynamodb", "native-tls"] {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} is locked");
    }
}
