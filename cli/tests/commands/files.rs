//! A setting that is an option of a command can also be in a file: `NAME_FILE` names the file.

use std::collections::BTreeSet;

use simulator::v1::{self, Strength};

use crate::texts::every_help;
use crate::{Finished, Folder};

const KEY: &str = "constructed-base-key-0001";
/// Variables of options that are not settings of koohook. No function reads them.
const NOT_SETTINGS: [&str; 2] = ["KOOHOOK_ADDRESS", "KOOHOOK_SEALED_SECRET"];

/// A setting, a good text, a bad one, and the command that reads it.
type FileCase = (&'static str, &'static str, &'static str, &'static [&'static str]);

const CASES: [FileCase; 6] = [
    ("KOOHOOK_BASE_KEY", KEY, "", &["send", "--v2", "--curl", "newInstance"]),
    ("KOOHOOK_KIT_KEY", KEY, "", &["send", "--v2", "--curl", "tenantSync"]),
    ("KOOHOOK_TIMESTAMP_UNIT", "seconds", "hours", PURCHASE_V2),
    ("KOOHOOK_ENCRYPT_TYPE", "2", "3", PURCHASE_V1),
    ("KOOHOOK_STORE", "sqlite:koohook.db", "postgres:", &["store", "check"]),
    ("KOOHOOK_STORE", "sqlite:koohook.db", "postgres:", &["store", "create"]),
];
const PURCHASE_V2: &[&str] = &["send", "--v2", "--curl", "--key", KEY, "newInstance"];
const PURCHASE_V1: &[&str] =
    &["send", "--v1", "--curl", "--key", KEY, "newInstance", "mobilePhone=15905222222"];

/// Runs a command with a setting in a file.
fn run(folder: &Folder, setting: &str, text: &str, arguments: &[&str]) -> Finished {
    folder.write("setting.txt", format!("{text}\n").as_bytes());
    let mut command = folder.command(arguments);
    command.env(format!("{setting}_FILE"), "setting.txt");
    Finished::of(command.output().unwrap())
}

#[test]
fn every_setting_of_an_option_can_be_in_a_file() {
    let folder = Folder::with_instances();
    for (setting, good, bad, arguments) in CASES {
        run(&folder, setting, good, arguments).check(0, "", "");
        run(&folder, setting, bad, arguments).check(1, "", setting);
        let mut missing = folder.command(arguments);
        missing.env(format!("{setting}_FILE"), "missing.txt");
        Finished::of(missing.output().unwrap()).check(1, "", setting);
    }
}

#[test]
fn the_cases_are_all_settings_in_the_help() {
    let help = every_help(&Folder::new());
    let variables = help.split("[env: ").skip(1);
    let variables: BTreeSet<_> =
        variables.map(|text| text.split(['=', ']']).next().unwrap()).collect();
    let cases = CASES.iter().map(|(setting, ..)| *setting);
    assert_eq!(variables, cases.chain(NOT_SETTINGS).collect());
}

#[test]
fn a_command_uses_the_text_of_the_file() {
    let folder = Folder::new();
    let sent = run(&folder, "KOOHOOK_TIMESTAMP_UNIT", "seconds", PURCHASE_V2);
    let timestamp = sent.out.split("timestamp=").nth(1).unwrap();
    let digits = timestamp.chars().take_while(char::is_ascii_digit).count();
    assert_eq!(digits, 10, "{}", sent.out);

    let sent = run(&folder, "KOOHOOK_ENCRYPT_TYPE", "2", PURCHASE_V1);
    let phone = sent.out.split("mobilePhone=").nth(1).unwrap();
    let phone = phone.split(['&', '\'']).next().unwrap();
    let phone = phone.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    assert_eq!(v1::decrypt(KEY, Strength::Aes128, &phone).unwrap(), "15905222222");
}

#[test]
fn a_store_command_without_a_store_is_a_wrong_argument() {
    for command in ["check", "create"] {
        Folder::new().run(&["store", command]).check(
            2,
            "",
            "set KOOHOOK_STORE or KOOHOOK_STORE_FILE",
        );
    }
}
