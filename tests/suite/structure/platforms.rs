//! Every binary can run on its platforms. It is built with a host, with the platform's store, and,
//! for the relay, with the timer's entry point.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::modules::packages;
use super::{functions, root, text};

/// For each platform: its feature, the shell's features for its host and its store, and the shell's
/// feature for the relay's timer.
const PLATFORMS: [(&str, [&str; 2], &str); 3] = [
    ("aws", ["lambda", "dynamodb"], "lambda"),
    ("functiongraph", ["http", "redis"], "runtime"),
    ("vercel", ["vercel", "redis"], "vercel"),
];

/// Features by their package.
type Features = BTreeMap<String, BTreeSet<String>>;

#[test]
fn every_binary_has_a_host_and_a_store_on_every_platform() {
    for (platform, needed, timer) in PLATFORMS {
        let mut built: BTreeMap<String, Features> = BTreeMap::new();
        for (binary, required) in binaries() {
            let own = required.iter().filter(|feature| *feature != "host");
            let asked = own.fold(platform.to_owned(), |asked, own| format!("{asked},{own}"));
            let built = built.entry(asked).or_insert_with_key(|asked| features(asked));
            for feature in required {
                assert!(built["functions"].contains(&feature), "{binary} on {platform}: {feature}");
            }
            for feature in needed {
                assert!(built["shell"].contains(feature), "{binary} on {platform}: no {feature}");
            }
            assert!(binary != "relay" || built["shell"].contains(timer), "{platform}: no timer");
        }
    }
}

#[test]
fn only_the_relay_has_a_timer() {
    for function in functions() {
        let calls =
            text(&format!("functions/src/bin/{function}.rs")).contains("shell::host::relay()");
        assert_eq!(calls, function == "relay", "{function}");
    }
    let template = text("template.yaml");
    let timed: Vec<&str> = template
        .split("Type: AWS::Serverless::Function\n")
        .filter(|resource| resource.contains("Type: Schedule"))
        .collect();
    assert!(timed.len() == 1 && timed[0].contains("Binary: relay }"), "{timed:?}");
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
        assert!(manifest.contains(&declared), "functions/Cargo.toml must contain {declared}");
    }
}

/// The binaries of the functions, and the features that each one requires.
fn binaries() -> Vec<(String, Vec<String>)> {
    let packages = packages();
    let package = packages.iter().find(|package| package["name"] == "functions").unwrap();
    let targets = package["targets"].as_array().unwrap().iter();
    let binaries = targets.filter(|target| target["kind"][0] == "bin").map(|target| {
        let name = target["name"].as_str().unwrap().to_owned();
        (name, serde_json::from_value(target["required-features"].clone()).unwrap())
    });
    binaries.collect()
}

/// The features of the functions and their dependencies in a build with these features.
fn features(asked: &str) -> Features {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--depth", "1", "--format", "{p} {f}", "-p", "functions"])
        .args(["--no-default-features", "--features", asked])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let lines = tree.lines().map(|line| {
        let (package, features) = (line.split(' ').next(), line.rsplit(' ').next());
        let features = features.unwrap().split(',').map(str::to_owned).collect();
        (package.unwrap().to_owned(), features)
    });
    lines.collect()
}
