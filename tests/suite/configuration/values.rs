//! The values of the other settings.

use shell::config::VARIABLES;

use super::{CANARY, accepted, refusal, refused};

#[test]
fn unusable_paths_are_rejected() {
    refused(
        "KOOHOOK_BASE_PATH",
        &[
            "/",
            "//",
            "/healthz",
            "/readyz",
            "/metrics",
            "/relay",
            "/usage",
            "/instances",
            "/instances/",
            "/instances/canary-value",
            "canary-value",
            "/canary-value/",
            "//canary-value",
            "/canary-value//a",
            "/canary-value/../a",
            "/./canary-value",
            "/canary-value?a=b",
            "/canary-value#a",
            "/canary-value a",
            "/canary-value%20",
            "/canary-value;a",
            "/测试",
            "https://seller.example.com/canary-value",
            " /canary-value",
            "/canary-value\n",
        ],
    );
    accepted(
        "KOOHOOK_BASE_PATH",
        &["/a", "/a/b/c", "/a-b._~", "/healthz/a", "/relays", "/instancesx", "/..a"],
    );
}

#[test]
fn unknown_words_are_rejected() {
    refused(
        "KOOHOOK_TIMESTAMP_UNIT",
        &["canary-value", "millis", "Seconds", "SECONDS", " seconds", "ms", "both", "10"],
    );
    refused("KOOHOOK_V2_BODY_SIGN", &["canary-value", "ON", "true", "1", "off ", "no"]);
    refused("KOOHOOK_ENCRYPT_TYPE", &["canary-value", "0", "3", "AES256", "1 ", "01"]);
    refused("KOOHOOK_RENEWAL_CHANGE", &["canary-value", "Allow", "deny", "yes"]);
    refused("KOOHOOK_REHEARSED_USAGE", &["canary-value", "ON", "true", "1", "off ", "no"]);
    refused("KOOHOOK_USAGE_CYCLE", &["canary-value", "Hourly", "hour", "day", "60"]);
    let said = refusal(&[("KOOHOOK_TIMESTAMP_UNIT", CANARY)]);
    assert_eq!(said, "KOOHOOK_TIMESTAMP_UNIT must be `milliseconds` or `seconds`");
    accepted("KOOHOOK_TIMESTAMP_UNIT", &["milliseconds", "seconds"]);
    accepted("KOOHOOK_V2_BODY_SIGN", &["on", "off"]);
    accepted("KOOHOOK_ENCRYPT_TYPE", &["1", "2"]);
    accepted("KOOHOOK_USAGE_CYCLE", &["hourly", "daily"]);
    accepted("KOOHOOK_RENEWAL_CHANGE", &["allow", "refuse"]);
    accepted("KOOHOOK_REHEARSED_USAGE", &["on", "off"]);
}

/// An empty variable is always a mistake. For some settings it would disable an endpoint or store
/// values in plain text.
#[test]
fn an_empty_setting_is_rejected() {
    for setting in VARIABLES {
        for empty in ["", " ", "\t\n", "\u{3000}"] {
            let said = refusal(&[(setting, empty)]);
            assert_eq!(said, format!("{setting} is empty; give it a value, or unset it"));
        }
    }
}

/// Invisible characters in a value, and the quotes that settings files put around it.
#[test]
fn invisible_characters_and_quotes_are_rejected_in_every_setting() {
    let prose = "KOOHOOK_APP_INFO";
    for setting in VARIABLES {
        for letter in ["\u{feff}", "\u{200b}", "\u{202e}", "\u{ad}", "\0", "\u{7f}", "\u{a0}"] {
            for text in [format!("{letter}canary-value"), format!("canary-{letter}-value")] {
                let said = refusal(&[(setting, &text)]);
                assert!(said.starts_with(setting), "{said}");
                let is_named = said.contains("U+") || said.contains("begins or ends with a blank");
                assert!(is_named || setting == prose, "{letter:?}: {said}");
            }
        }
        for [open, close] in [["\"", "\""], ["'", "'"], ["“", "”"], ["\"", ""], ["", "'"]] {
            let said = refusal(&[(setting, &format!("{open}canary-value{close}"))]);
            assert_eq!(said, format!("{setting} is in quotes; remove them"));
        }
        let said = refusal(&[(setting, "canary-\u{fffd}-value")]);
        assert_eq!(said, format!("{setting} is not UTF-8; set it again"));
    }
    let lines = [prose, "KOOHOOK_PRODUCT_CA", "KOOHOOK_PRODUCT_SECRET", "KOOHOOK_RSA_PRIVATE_KEY"];
    let one_line = VARIABLES.into_iter().filter(|it| !lines.contains(it) && !it.contains("SEAL"));
    for setting in one_line {
        for text in ["canary-value\n", "canary-value\r", " canary-value", "canary-value\u{3000}"] {
            let said = refusal(&[(setting, text)]);
            assert!(said.starts_with(&format!("{setting} begins or ends with a blank")), "{said}");
        }
        let said = refusal(&[(setting, "canary\tvalue")]);
        assert_eq!(
            said,
            format!("{setting} has the invisible character U+0009; type the value again")
        );
    }
}

/// `tracing` would treat an unknown level as a target's name, and koohook would log nothing.
#[test]
fn log_settings_that_would_log_nothing_are_rejected() {
    refused(
        "KOOHOOK_LOG",
        &[
            "canary-value",
            "verbose",
            "warning",
            "INFO",
            "Info",
            "information",
            "1",
            "shell",
            "koohook=debug",
            "shell=verbose",
            "shell=",
            "=info",
            "info,",
            "info,canary-value",
            "info;shell=debug",
            "shell:debug",
            "shell=debug=info",
            "info, shell=debug",
            "*",
            "all",
        ],
    );
    accepted(
        "KOOHOOK_LOG",
        &[
            "off",
            "error",
            "warn",
            "info",
            "debug",
            "trace",
            "warn,shell=debug",
            "shell::store=trace",
        ],
    );
}

#[test]
fn the_listening_address_is_an_address_and_a_port() {
    refused(
        "KOOHOOK_LISTEN",
        &[
            "8000",
            ":8000",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:65536",
            "127.0.0.1:http",
            "http://127.0.0.1:8000",
            "canary-value:8000",
            "localhost",
            "localhost:+80",
            "::1:8000",
            "[::1]",
            "127.0.0.1:8000/",
            "0.0.0.0:8000,canary-value",
            "*:8000",
            "127.1:8000",
        ],
    );
    accepted(
        "KOOHOOK_LISTEN",
        &["127.0.0.1:8000", "0.0.0.0:80", "[::1]:8000", "[::]:0", "localhost:8000"],
    );
}

#[test]
fn deadlines_out_of_bounds_are_rejected() {
    refused(
        "KOOHOOK_V1_DEADLINE_MILLIS",
        &[
            "canary-value",
            "0",
            "999",
            "15001",
            "-4000",
            "4e3",
            "4000.0",
            "4000ms",
            "4 s",
            "+4000",
            "0x1000",
            "４０００",
            " 4000",
            "99999999999999999999999",
        ],
    );
    accepted("KOOHOOK_V1_DEADLINE_MILLIS", &["1000", "4000", "15000"]);
}
