//! Checks `koohook package` with programs that are only texts. `tests/release` builds and starts real ones.

mod refused;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::{Finished, Folder};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const FUNCTIONS: [&str; 9] = [
    "receive",
    "relay",
    "app-info",
    "usage",
    "tenant-sync",
    "application-sync",
    "auth-sync",
    "single-org-sync",
    "all-org-sync",
];
/// Prints each member of a ZIP: the mode, the time and the name.
const LIST: &str = "import sys, zipfile
for one in zipfile.ZipFile(sys.argv[1]).infolist():
    print(oct(one.external_attr >> 16)[-3:], one.date_time[0], one.filename)";

/// A folder with a program for each function and `koohook`.
fn built() -> Folder {
    let folder = Folder::new();
    for name in FUNCTIONS.iter().chain(&["koohook"]) {
        folder.write(name, &fake_program(name, 0x3e));
    }
    folder
}

/// Bytes that begin as a program for a processor does.
fn fake_program(name: &str, processor: u8) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
    bytes.extend([processor, 0]);
    bytes.extend(format!(" the program {name}").into_bytes());
    bytes
}

fn package(folder: &Folder, target: &str, out: &str, arguments: &[&str]) -> Finished {
    let here = folder.0.path();
    let (from, out) = (here.to_str().unwrap(), here.join(out).display().to_string());
    let first = ["package", "--target", target, "--from", from, "--out", &out];
    let mut command = folder.command(&[&first[..], arguments].concat());
    let tools = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    command.envs(tools.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    Finished::of(command.current_dir(ROOT).output().unwrap())
}

fn said(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn members(path: &Path) -> String {
    said(Command::new("python3").args(["-c", LIST]).arg(path))
}

#[test]
fn each_function_has_a_zip_whose_bootstrap_can_be_started() {
    let folder = built();
    folder.write("ca.pem", b"made up");
    let ca = folder.0.path().join("ca.pem").display().to_string();
    package(&folder, "functiongraph", "out", &["--include", &ca]).check(0, "receive.zip: ", "");
    let out = folder.0.path().join("out");
    for name in FUNCTIONS {
        let path = out.join(format!("functiongraph/{name}.zip"));
        let expected = "644 1980 LICENSES.txt\n755 1980 bootstrap\n644 1980 ca.pem\n\
                        644 1980 sbom.cdx.json\n";
        assert_eq!(members(&path), expected, "{name}");
    }
    said(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(&out));
    assert_eq!(fs::read_to_string(out.join("SHA256SUMS")).unwrap().lines().count(), 9);
}

#[test]
fn the_same_programs_make_the_same_bytes() {
    let folder = built();
    for target in ["functiongraph", "machine", "vercel"] {
        let sums = ["one", "two"].map(|out| {
            package(&folder, target, &format!("{target}-{out}"), &[]).check(0, "", "");
            fs::read_to_string(folder.0.path().join(format!("{target}-{out}/SHA256SUMS"))).unwrap()
        });
        assert_eq!(sums[0], sums[1], "{target}");
    }
}

#[test]
fn a_machine_has_the_program_and_what_goes_with_it() {
    let folder = built();
    package(&folder, "machine", "out", &[]).check(0, "-x86_64-linux.tar.gz: ", "");
    let out = folder.0.path().join("out");
    let name = format!("koohook-{}-x86_64-linux", env!("CARGO_PKG_VERSION"));
    let tar = out.join(format!("{name}.tar.gz"));
    let list = said(Command::new("tar").arg("-tvzf").arg(&tar));
    let has = |mode: &str, path: &str| {
        let mut lines = list.lines().filter(|line| line.ends_with(&format!(" {name}/{path}")));
        assert!(lines.any(|line| line.starts_with(mode)), "{path}\n{list}");
    };
    has("-rwxr-xr-x 0/0", "bin/koohook");
    for path in [
        "systemd/koohook@.service",
        "systemd/koohook@.service.d/kit.conf",
        "systemd/commands.sh",
        "nginx/koohook.conf",
        "caddy/Caddyfile",
        "LICENSE",
        "LICENSES.txt",
        "sbom.cdx.json",
    ] {
        has("-rw-r--r-- 0/0", path);
    }
    has("-rw-r--r--", "docs/deploy/machine.md");
}

/// Vercel's own command keeps the link to the project beside the folder that this command replaces.
#[test]
fn vercel_has_a_folder_for_each_function_and_an_archive_of_it() {
    let folder = built();
    let project = folder.0.path().join("out/vercel/.vercel");
    fs::create_dir_all(project.join("output/functions/stale.func")).unwrap();
    fs::write(project.join("project.json"), "{}").unwrap();
    folder.write("ca.pem", b"made up");
    let ca = folder.0.path().join("ca.pem").display().to_string();
    package(&folder, "vercel", "out", &["--include", &ca]).check(0, "receive.func: 1 KiB", "");
    let mut functions: Vec<_> = fs::read_dir(project.join("output/functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    functions.sort_unstable();
    let mut expected = FUNCTIONS.map(|name| format!("{name}.func"));
    expected.sort_unstable();
    assert_eq!(functions, expected);
    assert!(project.join("project.json").exists(), "the link to the project is lost");
    let name = format!("koohook-{}-vercel", env!("CARGO_PKG_VERSION"));
    let tar = folder.0.path().join(format!("out/{name}.tar.gz"));
    let unpacked = folder.0.path().join("unpacked");
    fs::create_dir(&unpacked).unwrap();
    said(Command::new("tar").arg("-xzf").arg(&tar).arg("-C").arg(&unpacked));
    let mut compared = Command::new("diff");
    compared.args(["--recursive", "--brief"]).arg(project.join("output"));
    assert_eq!(said(compared.arg(unpacked.join(name).join(".vercel/output"))), "");
    let listed = said(Command::new("find").arg(&unpacked).args(["-perm", "755", "-type", "f"]));
    assert_eq!(listed.lines().filter(|line| line.ends_with("/executable")).count(), 9);
    assert_eq!(listed.lines().count(), 9, "{listed}");
}

/// A file of a ZIP, as another program reads it.
fn member(folder: &Folder, function: &str, name: &str) -> String {
    let zip = folder.0.path().join(format!("out/functiongraph/{function}.zip"));
    let read =
        "import sys, zipfile\nprint(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())";
    said(Command::new("python3").args(["-c", read]).arg(zip).arg(name))
}

/// `tests/sbom` compares the lists with programs that are built, and with the schema of `CycloneDX`.
#[test]
fn each_package_lists_what_its_program_consists_of() {
    let folder = built();
    package(&folder, "functiongraph", "out", &[]).check(0, "commit: unknown", "");
    for name in FUNCTIONS {
        let bill = member(&folder, name, "sbom.cdx.json");
        let bill: Value = serde_json::from_str(&bill).unwrap();
        let root = &bill["metadata"]["component"];
        let sum = said(Command::new("sha256sum").arg(folder.0.path().join(name)));
        assert_eq!((&root["name"], &root["version"]), (&json!(name), &json!(VERSION)));
        assert_eq!(root["hashes"][0]["content"], sum.split(' ').next().unwrap(), "{name}");
        let components = bill["components"].as_array().unwrap();
        let has = |name: &str| components.iter().any(|component| component["name"] == name);
        assert!(has("shell") && has("hyper") && has("rust-std"), "{name}");
        // A procedural macro, the build of a C library, and another platform's store are in no program.
        assert!(
            !has("serde_derive") && !has("cc") && !has("sqlite") && !has("aws-sigv4"),
            "{name}"
        );
        for crate_name in ["openssl", "openssl-sys", "openssl-src"] {
            assert_eq!(has(crate_name), name == "application-sync", "{name}: {crate_name}");
        }
    }
    let licences = member(&folder, "application-sync", "LICENSES.txt");
    for text in
        ["\nopenssl 3.", ": LICENSE.txt\n", "Permission is hereby granted", "koohook: LICENSE\n"]
    {
        assert!(licences.contains(text), "{text}");
    }
}

/// `native.rs` adds the C libraries. A new one is in no list of cargo's, so nobody would see its advisories.
#[test]
fn every_library_in_c_is_known() {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(ROOT).args(["metadata", "--locked", "--format-version=1"]);
    let metadata = said(cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]));
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let linking = packages.filter(|package| package["links"].is_string());
    let linking: BTreeSet<_> = linking.map(|package| package["name"].as_str().unwrap()).collect();
    // Ring's own source is in C, too.
    assert_eq!(linking, BTreeSet::from(["libsqlite3-sys", "openssl-sys", "ring"]));
}

/// A folder with built programs, and with a private key in clear text and sealed.
fn built_with_keys() -> (Folder, String, String) {
    let folder = built();
    folder.run(&["keys", "new", "--out", "application.pem"]).check(0, "", "");
    let mut pack = folder.command(&["keys", "pack", "application.pem"]);
    pack.env("KOOHOOK_SEAL_KEY", crate::SEAL_KEY);
    let packed = Finished::of(pack.output().unwrap());
    packed.check(0, "rsa-private-key.sealed", "sealed 1 private keys");
    let path = |name: &str| folder.0.path().join(name).display().to_string();
    let (pem, sealed) = (path("application.pem"), path("rsa-private-key.sealed"));
    (folder, pem, sealed)
}

#[test]
fn only_the_function_that_needs_the_sealed_keys_has_them() {
    let (folder, _, sealed) = built_with_keys();
    package(&folder, "functiongraph", "out", &["--rsa-key", &sealed]).check(0, "", "");
    for name in FUNCTIONS {
        let zip = folder.0.path().join(format!("out/functiongraph/{name}.zip"));
        let has_key = members(&zip).contains("644 1980 rsa-private-key.sealed\n");
        assert_eq!(has_key, name == "application-sync", "{name}");
    }
    package(&folder, "vercel", "out", &["--rsa-key", &sealed]).check(0, "", "");
    for name in FUNCTIONS {
        let place = format!("out/vercel/.vercel/output/functions/{name}.func");
        let place = folder.0.path().join(place);
        let names_it = fs::read_to_string(place.join(".vc-config.json"))
            .unwrap()
            .contains(r#""KOOHOOK_RSA_PRIVATE_KEY_FILE": "/var/task/rsa-private-key.sealed""#);
        let has_it = place.join("rsa-private-key.sealed").exists();
        assert_eq!([names_it, has_it], [name == "application-sync"; 2], "{name}");
    }
}

/// The last package can still be deployed.
#[test]
fn a_command_without_space_keeps_the_older_output_of_vercel() {
    let folder = built();
    package(&folder, "vercel", "out", &[]).check(0, "", "");
    let output = folder.0.path().join("out/vercel/.vercel/output");
    let before = fs::read(output.join("functions/relay.func/executable")).unwrap();
    folder.write("relay", &[fake_program("relay", 0x3e), vec![b'x'; 100_000]].concat());
    let command = format!(
        "ulimit -f 20; exec {} package --target vercel --from {from} --out {from}/out",
        env!("CARGO_BIN_EXE_koohook"),
        from = folder.0.path().display()
    );
    let limited = Command::new("sh").current_dir(ROOT).args(["-c", &command]).output().unwrap();
    assert!(!limited.status.success(), "{limited:?}");
    assert!(output.join("config.json").exists());
    assert_eq!(fs::read(output.join("functions/relay.func/executable")).unwrap(), before);
    package(&folder, "vercel", "out", &[]).check(0, "", "");
    assert_ne!(fs::read(output.join("functions/relay.func/executable")).unwrap(), before);
    let left = fs::read_dir(folder.0.path().join("out/vercel")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [".vercel"]);
}

/// An interrupted command leaves no checksums that fit other packages.
#[test]
fn packages_have_checksums_only_when_all_are_complete() {
    let folder = built();
    package(&folder, "functiongraph", "out", &[]).check(0, "", "");
    fs::remove_file(folder.0.path().join("all-org-sync")).unwrap();
    package(&folder, "functiongraph", "out", &[]).check(1, "", "all-org-sync: cannot be read");
    assert!(!folder.0.path().join("out/SHA256SUMS").exists());
    let out = folder.0.path().join("out");
    let lock = fs::File::create(out.join(".lock")).unwrap();
    lock.lock().unwrap();
    package(&folder, "functiongraph", "out", &[]).check(1, "", "another koohook package writes");
}
