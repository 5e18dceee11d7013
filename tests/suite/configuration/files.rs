//! Settings that are in files: what editors leave at a file's ends is no part of them, and each way
//! in which a file cannot be read has its own message.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::NamedTempFile;

use super::{BASE_KEY, CANARY, read, refusal};

/// The base key that a file with these bytes amounts to.
fn from_file(bytes: &[u8]) -> Result<String, String> {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let path = file.path().to_str().unwrap();
    read(&[("KOOHOOK_BASE_KEY", "unset"), ("KOOHOOK_BASE_KEY_FILE", path)])
        .map(|config| config.endpoint.base_keys.unwrap().current.as_str().to_owned())
        .map_err(|refused| refused.to_string())
}

/// Why a start with this file is refused.
fn refused(path: &str) -> String {
    refusal(&[("KOOHOOK_BASE_KEY", "unset"), ("KOOHOOK_BASE_KEY_FILE", path)])
}

#[test]
fn marks_and_line_ends_of_a_file_are_no_part_of_the_setting() {
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

/// A file that is there and empty is as much a mistake as an empty variable.
#[test]
fn an_empty_file_is_no_absence_of_a_key() {
    for text in ["", "\n", "\r\n", "\u{feff}\n"] {
        let said = from_file(text.as_bytes()).unwrap_err();
        assert_eq!(said, "KOOHOOK_BASE_KEY is empty; give it a value, or unset it");
    }
}

#[test]
fn each_way_not_to_read_a_file_has_its_message() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let missing = format!("{place}/missing.key");
    let said = refused(&missing);
    assert_eq!(said, format!("KOOHOOK_BASE_KEY names a file that does not exist: {missing}"));
    let said = refused(place);
    assert_eq!(said, format!("KOOHOOK_BASE_KEY names a folder: {place}; name a file in it"));
    let latin = format!("{place}/latin.key");
    fs::write(&latin, b"\xe9constructed-base-key").unwrap();
    let said = refused(&latin);
    let expected = format!("KOOHOOK_BASE_KEY names a file that is not UTF-8: {latin}; save it so");
    assert_eq!(said, expected);
    // As PowerShell's redirection writes it.
    fs::write(&latin, b"\xff\xfec\0o\0n\0s\0t\0").unwrap();
    assert_eq!(refused(&latin), expected);
    let below = format!("{latin}/key");
    assert!(refused(&below).contains("does not exist"));
    let shut = format!("{place}/shut.key");
    fs::write(&shut, BASE_KEY).unwrap();
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser reads it all the same.
    if fs::read(&shut).is_err() {
        assert!(refused(&shut).contains("koohook may not read"), "{}", refused(&shut));
    }
}

/// A key of a path's letters would be taken, and verify nothing.
#[test]
fn the_name_of_a_file_is_not_what_the_file_holds() {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), BASE_KEY).unwrap();
    let path = file.path().to_str().unwrap();
    for setting in ["KOOHOOK_BASE_KEY", "KOOHOOK_APP_INFO", "KOOHOOK_PRODUCT_CA"] {
        let said = refusal(&[(setting, path)]);
        assert_eq!(said, format!("{setting} names a file; set {setting}_FILE to it instead"));
    }
}

/// A secret that was set as the name of its file is not shown as a path.
#[test]
fn a_secret_in_the_place_of_a_path_is_not_shown() {
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
fn a_setting_by_itself_and_in_a_file_is_set_twice() {
    let both = refusal(&[("KOOHOOK_BASE_KEY_FILE", "/nowhere")]);
    assert_eq!(both, "KOOHOOK_BASE_KEY is set twice, by itself and by a file; unset one");
}
