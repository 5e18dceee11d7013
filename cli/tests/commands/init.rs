//! Checks `koohook init`: what it writes can be used, is for its owner alone, and replaces nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::{Finished, Folder};

const PRODUCT: [&str; 2] = ["--product-url", "https://app.example.com/hooks"];
/// Python's `secrets` made it.
const BASE_KEY: &str = "0c9f8e52-6a1b-4f8e-9d57-3b2a6c417e90";

fn init(folder: &Folder, platform: &str, arguments: &[&str]) -> Finished {
    let first = ["init", "--platform", platform, "--folder", "made"];
    folder.run(&[&first[..], arguments].concat())
}

fn read(folder: &Folder, name: &str) -> String {
    let path = folder.0.path().join("made").join(name);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{name}");
    fs::read_to_string(path).unwrap()
}

/// The unit hands the files of `secrets` to koohook as here.
#[test]
fn a_machines_files_are_settings_that_koohook_accepts() {
    let folder = Folder::new();
    folder.write("base.key", format!("{BASE_KEY}\n").as_bytes());
    folder.write("kit.key", b"7b1e4c90-52d8-4f3a-8a66-90c1d2e3f4a5\n");
    let keys = ["--base-key-file", "base.key", "--kit-key-file", "kit.key"];
    let wanted =
        [&PRODUCT[..], &keys, &["--contracts", "v1,v2,kit", "--store", "sqlite:k.db"]].concat();
    let done = init(&folder, "machine", &wanted);
    done.check(0, "made/secrets/seal.key\n", "the proxy must not offer HTTP/2");
    assert!(!done.aside.contains("still missing"), "{}", done.aside);
    assert_eq!(done.aside.lines().skip_while(|line| !line.ends_with("next:")).count(), 4);
    let mut check = folder.command(&["keys", "check"]);
    for line in read(&folder, "koohook.env").lines().filter(|line| !line.starts_with('#')) {
        let (name, text) = line.split_once('=').unwrap();
        check.env(name, text.trim_matches('\''));
    }
    for (setting, name) in [
        ("KOOHOOK_BASE_KEY", "base.key"),
        ("KOOHOOK_KIT_KEY", "kit.key"),
        ("KOOHOOK_SEAL_KEY", "seal.key"),
        ("KOOHOOK_PRODUCT_SECRET", "product.secret"),
        ("KOOHOOK_RSA_PRIVATE_KEY", "application.pem"),
    ] {
        let text = read(&folder, &format!("secrets/{name}"));
        assert!(!done.out.contains(text.trim()) && !done.aside.contains(text.trim()), "{name}");
        check.env(format!("{setting}_FILE"), folder.0.path().join("made/secrets").join(name));
    }
    Finished::of(check.output().unwrap()).check(0, "no key has a fault", "");
}

/// Every variable is one that Terraform's files declare, as far as an operator has not to add it.
#[test]
fn functiongraphs_file_has_declared_variables() {
    let folder = Folder::new();
    let done =
        init(&folder, "functiongraph", &[&PRODUCT[..], &["--contracts", "v2,kit,usage"]].concat());
    done.check(0, "made/koohook.auto.tfvars.json\n", "still missing: the variable kit_key");
    let text = read(&folder, "koohook.auto.tfvars.json");
    let variables: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let deploy = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/functiongraph");
    let files = fs::read_dir(deploy).unwrap().map(|entry| entry.unwrap().path());
    let declared: String = files.filter_map(|path| fs::read_to_string(path).ok()).collect();
    for (name, value) in &variables {
        assert!(declared.contains(&format!("\nvariable \"{name}\" {{")), "{name}");
        assert!(value != "", "{name}");
    }
    assert_eq!((&variables["kit"], &variables["pay_per_use"]), (&true.into(), &true.into()));
    // The rules of DCS: 8 to 32 characters, three of four classes.
    let password = variables["redis_password"].as_str().unwrap();
    let has = |class: fn(&u8) -> bool| password.as_bytes().iter().any(class);
    assert!((8..=32).contains(&password.len()));
    assert!(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit));
    assert!(
        has(u8::is_ascii_alphanumeric) && password.bytes().all(|it| it.is_ascii_alphanumeric())
    );
}

/// Terraform reads the file after terraform.tfvars: a false here would win over a true there.
#[test]
fn functiongraphs_file_leaves_out_what_was_not_chosen() {
    let folder = Folder::new();
    init(&folder, "functiongraph", &PRODUCT).check(0, "made/koohook.auto.tfvars.json\n", "");
    let text = read(&folder, "koohook.auto.tfvars.json");
    let variables: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert!(variables.contains_key("product_url"));
    assert!(!variables.contains_key("kit") && !variables.contains_key("pay_per_use"));
}

#[test]
fn two_runs_make_other_secrets_and_replace_nothing() {
    let folder = Folder::new();
    init(&folder, "machine", &PRODUCT).check(0, "", "");
    let seal = read(&folder, "secrets/seal.key");
    init(&folder, "machine", &PRODUCT).check(1, "", "koohook.env exists already; edit the files");
    assert_eq!(read(&folder, "secrets/seal.key"), seal);
    // One file exists: no other is written.
    fs::remove_file(folder.0.path().join("made/koohook.env")).unwrap();
    init(&folder, "machine", &PRODUCT).check(1, "", "secrets/seal.key exists already");
    assert!(!folder.0.path().join("made/koohook.env").exists());
    fs::remove_dir_all(folder.0.path().join("made")).unwrap();
    init(&folder, "machine", &PRODUCT).check(0, "", "still missing: secrets/base.key");
    assert_ne!(read(&folder, "secrets/seal.key"), seal);
}

#[test]
fn an_answer_that_koohook_would_refuse_is_refused_and_nothing_is_written() {
    let folder = Folder::new();
    for (arguments, told) in [
        (&["--product-url", "ftp://x"][..], "KOOHOOK_PRODUCT_URL"),
        (&["--app-info", "{}"], "KOOHOOK_APP_INFO"),
        (&["--store", "memory"], "Set --product-url, or --app-info"),
        (
            &["--contracts", "usage", "--app-info", r#"{"frontEndUrl":"https://a.example"}"#],
            "set --product-url",
        ),
        (&["--store", "mysql:x", PRODUCT[0], PRODUCT[1]], "KOOHOOK_STORE"),
    ] {
        init(&folder, "machine", arguments).check(1, "", told);
        assert!(!folder.0.path().join("made").exists(), "{arguments:?}");
    }
}

/// The address of a Redis has its password.
#[test]
fn a_stores_password_is_not_among_the_settings() {
    let folder = Folder::new();
    let store = ["--store", "redis://:made-up-password@127.0.0.1:6379"];
    init(&folder, "machine", &[&PRODUCT[..], &store].concat()).check(
        0,
        "secrets/store.address",
        "store.conf",
    );
    assert!(!read(&folder, "koohook.env").contains("made-up-password"));
    assert_eq!(read(&folder, "secrets/store.address").trim(), store[1]);
    let elsewhere = init(&folder, "functiongraph", &[&PRODUCT[..], &store].concat());
    elsewhere.check(1, "", "leave out --store");
}

/// The access key may be a setting, directly or in a file.
#[test]
fn an_access_key_comes_from_the_settings_too() {
    for name in ["KOOHOOK_BASE_KEY", "KOOHOOK_BASE_KEY_FILE"] {
        let folder = Folder::new();
        let path = folder.write("key", BASE_KEY.as_bytes()).display().to_string();
        let text = if name.ends_with("_FILE") { path.as_str() } else { BASE_KEY };
        let arguments = ["init", "--platform", "machine", "--folder", "made"];
        let mut init = folder.command(&[&arguments[..], &PRODUCT].concat());
        Finished::of(init.env(name, text).output().unwrap()).check(0, "secrets/base.key", "");
        assert_eq!(read(&folder, "secrets/base.key").trim(), BASE_KEY, "{name}");
    }
}
