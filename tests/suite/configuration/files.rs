//! Settings that are read from files. A byte order mark or a line end that an editor adds is not a
//! part of the setting. Each reason why a file cannot be read has its own message.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::NamedTempFile;

use super::{BASE_KEY, CANARY, read, refusal};

/// The base key from a file with these bytes.
fn from_file(bytes: &[u8]) -> Result<String, String> {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let path = file.path().to_str().unwrap();
    read(&[("KOOHOOK_BASE_KEY", "unset"), ("KOOHOOK_BASE_KEY_FILE", path)])
        .map(|config| config.endpoint.base_keys.unwrap().current.as_str().to_owned())
        .map_err(|refused| refused.to_string())
}

/// The text of the rejection of this file.
fn refused(path: &str) -> String {
    refusal(&[("KOOHOOK_BASE_KEY", "unset"), ("KOOHOOK_BASE_KEY_FILE", path)])
}

#[test]
fn byte_order_marks_and_line_ends_of_a_file_are_removed() {
    let key = BASE_KEY;
    for text in [
        key.to_owned(),
        format!("{key}\n"),
        format!("{key}\r\n"),
        format!("{key}\r"),
        format!("{key}\n\n\r\n"),
        format!("\u{feff}{key}"),
        format!("\u{feff}{key}\r\n"),
    ] {
        assert_eq!(from_file(text.as_bytes()).as_deref(), Ok(key), "{text:?}");
    }
    for text in [
        format!(" {key}"),
        format!("{key} \n"),
        format!("{key}\t\n"),
        format!("\n{key}\n"),
        format!("{key}\u{200b}\n"),
        format!("{key}\nKOOHOOK_KIT_KEY={key}\n"),
        format!("\"{key}\"\n"),
        "short\n".to_owned(),
        String::new(),
        "\n".to_owned(),
        "\u{feff}".to_owned(),
    ] {
        let said = from_file(text.as_bytes()).unwrap_err();
        assert!(said.starts_with("KOOHOOK_BASE_KEY "), "{said}");
        assert!(!said.contains(key), "{said}");
    }
}

/// An existing empty file is a mistake, like an empty variable.
#[test]
fn an_empty_file_is_rejected() {
    for text in ["", "\n", "\r\n", "\u{feff}\n"] {
        let said = from_file(text.as_bytes()).unwrap_err();
        assert_eq!(said, "KOOHOOK_BASE_KEY is empty; give it a value, or unset it");
    }
}

#[test]
fn each_reason_why_a_file_is_unreadable_has_its_message() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let missing = format!("{place}/missing.key");
    let said = refused(&missing);
    assert_eq!(
        said,
        format!("KOOHOOK_BASE_KEY names a file that does not exist: {missing}; correct the path")
    );
    let said = refused(place);
    assert_eq!(said, format!("KOOHOOK_BASE_KEY names a folder: {place}; name a file in it"));
    let latin = format!("{place}/latin.key");
    fs::write(&latin, b"\xe9constructed-base-key").unwrap();
    let said = refused(&latin);
    let expected =
        format!("KOOHOOK_BASE_KEY names a file that is not UTF-8: {latin}; save it as UTF-8");
    assert_eq!(said, expected);
    // UTF-16 with its mark, as PowerShell's redirection writes it.
    fs::write(&latin, b"\xff\xfec\0o\0n\0s\0t\0").unwrap();
    assert_eq!(refused(&latin), expected);
    let below = format!("{latin}/key");
    assert!(refused(&below).contains("does not exist"));
    let unreadable = format!("{place}/unreadable.key");
    fs::write(&unreadable, BASE_KEY).unwrap();
    fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser can read the file anyway.
    if fs::read(&unreadable).is_err() {
        assert!(refused(&unreadable).contains("koohook may not read"), "{}", refused(&unreadable));
    }
}

/// If koohook accepted a path as the key, it would verify no call.
#[test]
fn a_file_name_in_place_of_a_value_is_rejected() {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), BASE_KEY).unwrap();
    let path = file.path().to_str().unwrap();
    for setting in ["KOOHOOK_BASE_KEY", "KOOHOOK_APP_INFO", "KOOHOOK_PRODUCT_CA"] {
        let said = refusal(&[(setting, path)]);
        assert_eq!(
            said,
            format!("{setting} is the path of a file; set {setting}_FILE to it instead")
        );
    }
}

/// If a secret was set in place of its file's path, the message must not contain it.
#[test]
fn a_secret_in_place_of_a_path_is_not_shown() {
    for secret in [
        format!("{CANARY}-0001"),
        format!("whsec_{CANARY}+/=="),
        format!(r#"{{"frontEndUrl":"https://a.example","password":"{CANARY}"}}"#),
        format!("-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----"),
        format!("\u{feff}/nowhere/{CANARY}"),
        format!("\"/nowhere/{CANARY}\""),
        String::new(),
    ] {
        let said = refused(&secret);
        assert!(said.starts_with("KOOHOOK_BASE_KEY "), "{said}");
    }
    assert!(refused("").contains("…_FILE that is empty"));
}

#[test]
fn a_setting_with_both_a_value_and_a_file_is_rejected() {
    let both = refusal(&[("KOOHOOK_BASE_KEY_FILE", "/nowhere")]);
    assert_eq!(both, "KOOHOOK_BASE_KEY is set twice, directly and as a file; unset one of them");
}
