//! Checks `koohook keys check`.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::{Finished, Folder};

/// Settings of an installation without a fault. Python's `secrets` made the keys.
const SOUND: [(&str, &str); 6] = [
    ("KOOHOOK_BASE_KEY", "0c9f8e52-6a1b-4f8e-9d57-3b2a6c417e90"),
    ("KOOHOOK_STORE", "sqlite:koohook.db"),
    ("KOOHOOK_SEAL_KEY", "o7DBpjiqXFQyZ3mtNQbhqZZ/cQXwHkm0KTHHmTAmCfM="),
    ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
    ("KOOHOOK_PRODUCT_SECRET", "whsec_sxgYHgCGtYaAlSHZHq0SZMSxYkUsDgdTGuiMaEfBnB4="),
    ("KOOHOOK_RELAY_SECRET", "5aQ5nVdqLxWkMoP8rEuYc2jT"),
];

/// Runs the check with the sound settings, changed by others. An empty text unsets a setting.
fn check(folder: &Folder, changed: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let mut command = folder.command(&[&["keys", "check"], arguments].concat());
    command.envs(SOUND);
    for (name, text) in changed {
        if text.is_empty() {
            command.env_remove(name);
        } else {
            command.env(name, text);
        }
    }
    let done = Finished::of(command.output().unwrap());
    for (name, text) in SOUND.iter().chain(changed).filter(|(_, text)| text.len() > 15) {
        let is_secret =
            !name.ends_with("_URL") && !name.ends_with("_FILE") && !name.ends_with("_STORE");
        assert!(!is_secret || !(done.out.contains(text) || done.aside.contains(text)), "{name}");
    }
    done
}

#[track_caller]
fn line(done: &Finished, name: &str, level: &str, text: &str) {
    let found = done.out.lines().any(|line| {
        line.starts_with(&format!("{name} "))
            && line.contains(&format!(" {level} "))
            && line.contains(text)
    });
    assert!(found, "{name} {level} {text}\n{}\n{}", done.out, done.aside);
}

#[test]
fn sound_keys_have_no_fault() {
    let folder = Folder::new();
    let done = check(&folder, &[], &[]);
    done.check(0, "no key has a fault", "");
    line(&done, "KOOHOOK_BASE_KEY", "ok", "36 characters; age unknown: not in a file");
    // base64 -d | sha256sum
    line(&done, "KOOHOOK_SEAL_KEY", "ok", "32 bytes, sha256 ccfdcdd1");
    line(&done, "KOOHOOK_PRODUCT_SECRET", "ok", "32 bytes, sha256 4c57874c");
    line(&done, "KOOHOOK_KIT_KEY", "off", "not set");
    let done = check(&folder, &[], &["-o", "json"]);
    let all: Vec<Value> = serde_json::from_str(&done.out).unwrap();
    assert_eq!(all.len(), 14);
    assert!(all.iter().all(|one| ["ok", "off"].contains(&one["level"].as_str().unwrap())));
}

#[test]
fn each_fault_of_a_key_is_named() {
    let folder = Folder::new();
    for (name, text, level, expected) in FAULTS {
        let done = check(&folder, &[(name, text)], &[]);
        // An equality is said at the later of the two settings.
        let (named, expected) = match expected {
            "KOOHOOK_SEAL_KEY" => (expected, name),
            expected => (name, expected),
        };
        line(&done, named, level, expected);
        assert_eq!(done.code, Some(i32::from(level == "failed")), "{name} {text}");
    }
}

const WEAK_SEAL: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
/// A setting, its text, and the level and a part of the finding.
const FAULTS: [(&str, &str, &str, &str); 19] = [
    ("KOOHOOK_BASE_KEY", "short", "failed", "is shorter than 16 characters"),
    ("KOOHOOK_BASE_KEY", "change-me-change-me", "failed", "is a placeholder"),
    ("KOOHOOK_BASE_KEY", "k0oh0ok-k0oh0ok-", "failed", "is weak: the same 8 characters repeat"),
    ("KOOHOOK_BASE_KEY", "", "failed", "is missing"),
    (
        "KOOHOOK_BASE_KEY_PREVIOUS",
        SOUND[0].1,
        "failed",
        "is equal to KOOHOOK_BASE_KEY; set it to the key before",
    ),
    ("KOOHOOK_BASE_KEY_PREVIOUS", "0f31c7a2-88e4-4d0b-b6a9-52e07c9d13f8", "WARN", "is still set"),
    ("KOOHOOK_RELAY_SECRET", SOUND[0].1, "failed", "is equal to KOOHOOK_BASE_KEY; use another key"),
    (
        "KOOHOOK_METRICS_SECRET",
        SOUND[5].1,
        "failed",
        "is equal to KOOHOOK_RELAY_SECRET; use another",
    ),
    ("KOOHOOK_ALARM_SECRET", SOUND[5].1, "failed", "is equal to KOOHOOK_RELAY_SECRET; use another"),
    ("KOOHOOK_METRICS_SECRET", "short", "failed", ""),
    ("KOOHOOK_SEAL_KEY", "short", "failed", "is not a seal key"),
    ("KOOHOOK_SEAL_KEY", WEAK_SEAL, "failed", "is weak: the same 1 bytes repeat"),
    (
        "KOOHOOK_SEAL_KEY_PREVIOUS",
        SOUND[2].1,
        "failed",
        "is equal to KOOHOOK_SEAL_KEY; set it to the key before",
    ),
    (
        "KOOHOOK_SEAL_KEY_PREVIOUS",
        "dLr34zGNZcVSVg3X1DbWEyeMhQq6oRTIYe+nC4QvJ9s=",
        "WARN",
        "run koohook store reseal",
    ),
    (
        "KOOHOOK_PRODUCT_SECRET",
        "whsec_o7DBpjiqXFQyZ3mtNQbhqZZ/cQXwHkm0KTHHmTAmCfM=",
        "failed",
        "KOOHOOK_SEAL_KEY",
    ),
    (
        "KOOHOOK_PRODUCT_SECRET",
        "whsec_sxgYHgCGtYaAlSHZHq0SZMSxYkUsDgdTGuiMaEfBnB4= whsec_dLr34zGNZcVSVg3X1DbWEyeMhQq6oRTIYe+nC4QvJ9s=",
        "WARN",
        "has several secrets",
    ),
    ("KOOHOOK_PRODUCT_SECRET", "", "failed", "is required with KOOHOOK_PRODUCT_URL"),
    ("KOOHOOK_RSA_PRIVATE_KEY", "made-up", "failed", ""),
    ("KOOHOOK_OPENAPI_SK", "your-secret-key-of-40-letters", "failed", ""),
];

/// Older consoles have one key for both interfaces.
#[test]
fn the_base_key_and_the_kits_key_may_be_equal() {
    let folder = Folder::new();
    let pem = folder.0.path().join("made-up.pem");
    let out = pem.to_str().unwrap();
    assert_eq!(folder.run(&["keys", "new", "--out", out]).code, Some(0));
    let kit = [("KOOHOOK_KIT_KEY", SOUND[0].1), ("KOOHOOK_RSA_PRIVATE_KEY_FILE", out)];
    let done = check(&folder, &kit, &[]);
    done.check(0, "no key has a fault", "");
    line(&done, "KOOHOOK_KIT_KEY", "ok", "is equal to KOOHOOK_BASE_KEY; this is right if");
    line(&done, "KOOHOOK_RSA_PRIVATE_KEY", "ok", "3072 bits, sha256 of the public key ");
    let twice = fs::read_to_string(&pem).unwrap().repeat(2);
    fs::write(&pem, twice).unwrap();
    line(&check(&folder, &kit, &[]), "KOOHOOK_RSA_PRIVATE_KEY", "WARN", "has the same key twice");
    let done = check(&folder, &kit[..1], &[]);
    line(&done, "KOOHOOK_RSA_PRIVATE_KEY", "failed", "is required");
    assert_eq!(done.code, Some(1));
}

#[test]
fn the_file_of_a_key_tells_its_age_and_its_readers() {
    let folder = Folder::new();
    let path = folder.write("seal.key", SOUND[2].1.as_bytes());
    let settings = [("KOOHOOK_SEAL_KEY", ""), ("KOOHOOK_SEAL_KEY_FILE", path.to_str().unwrap())];
    let mode = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    let aged = |days: u64| {
        let at = SystemTime::now() - Duration::from_secs(days * 86_400 + 60);
        File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
    };
    mode(0o640);
    aged(365);
    let done = check(&folder, &settings, &[]);
    line(&done, "KOOHOOK_SEAL_KEY", "ok", "; 365 days old");
    assert_eq!(done.code, Some(0));
    aged(366);
    mode(0o644);
    let done = check(&folder, &settings, &[]);
    line(&done, "KOOHOOK_SEAL_KEY", "WARN", "is 366 days old");
    line(&done, "KOOHOOK_SEAL_KEY", "WARN", "other users may read or write (mode 644)");
    done.check(0, "no key has a fault; warnings: 2", "");
}

#[test]
fn faults_of_other_settings_are_only_mentioned() {
    let folder = Folder::new();
    let done = check(&folder, &[("KOOHOOK_STORE", "")], &[]);
    line(&done, "other settings", "WARN", "run koohook check");
    assert_eq!(done.code, Some(0));
}
