//! Which seal keys a start accepts over a store that already has values.

use std::time::Duration;

use protocol::time::UnixMillis;
use shell::config::{Config, StoreConfig};
use shell::failure::Failure;
use shell::host::{self, StoreCheck};
use shell::seal::{Clear, Seal, SealKey};
use shell::store::{Put, Store, Value, Version};
use shell::world::{Deadline, World};
use tests::call::{BASE_KEY, SETTINGS, config};

use super::{KEYS, NOON};

/// The seal keys of a process: the current one, and the previous ones.
type Seals<'a> = (Option<&'a str>, &'a str);

struct File(tempfile::TempDir);

impl File {
    fn lookup(&self, (current, previous): Seals<'_>) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("KOOHOOK_BASE_KEY", BASE_KEY.to_owned()),
            ("KOOHOOK_APP_INFO", SETTINGS[1].1.to_owned()),
            ("KOOHOOK_STORE", format!("sqlite:{}", self.0.path().join("koohook.db").display())),
        ];
        if !previous.is_empty() {
            settings.push(("KOOHOOK_SEAL_KEY_PREVIOUS", previous.to_owned()));
        }
        settings.extend(current.map(|key| ("KOOHOOK_SEAL_KEY", key.to_owned())));
        settings
    }

    fn config(&self, seals: Seals<'_>) -> Config {
        let settings = self.lookup(seals);
        let settings: Vec<_> = settings.iter().map(|(name, text)| (*name, text.as_str())).collect();
        config(&settings)
    }

    fn store_config(&self, seals: Seals<'_>) -> StoreConfig {
        let settings = self.lookup(seals);
        let lookup = |name: &str| {
            settings.iter().find(|(set, _)| *set == name).map(|(_, text)| text.clone())
        };
        StoreConfig::read(&lookup).unwrap()
    }

    /// The result of each start: of `serve`, of a function, of a command that writes, and of a
    /// command that reads.
    fn starts(&self, seals: Seals<'_>) -> Vec<Result<(), String>> {
        let text = |fault: host::HostError| {
            let text = fault.to_string();
            assert!(!KEYS.iter().any(|key| text.contains(key)), "{text}");
            text
        };
        let serve = async {
            let Config { context, store, .. } = self.config(seals);
            host::open_proven_context(context, &store, false).await.map(drop).map_err(text)
        };
        let function = async {
            let Config { context, store, .. } = self.config(seals);
            host::open_context(context, &store, false).await.map(drop).map_err(text)
        };
        let write =
            async { host::open_to_write(&self.store_config(seals)).await.map(drop).map_err(text) };
        let read =
            async { host::open_to_read(&self.store_config(seals)).await.map(drop).map_err(text) };
        tests::servers::run(async { vec![serve.await, function.await, write.await, read.await] })
    }
}

#[test]
fn a_process_without_a_key_stops_writing_after_another_seals_the_store() {
    let file = File(tempfile::tempdir().unwrap());
    let Config { context, store, .. } = file.config((None, ""));
    tests::servers::run(async {
        let clear = host::open_proven_context(context, &store, false).await.unwrap();
        host::look_for_seal(&clear).await;
        let world = &clear.world;
        let deadline = Deadline::after(world.elapsed(), Duration::from_secs(9));
        let write = |key: &'static str| {
            let repository = clear.repository(deadline);
            async move { repository.mark(key, UnixMillis::MAX).await }
        };
        assert_eq!(write("a").await, Ok(true));
        assert_eq!(world.store().is_empty().await, Ok(Some(false)));
        let Config { context, store, .. } = file.config((Some(KEYS[0]), ""));
        host::open_proven_context(context, &store, false).await.unwrap();
        host::look_for_seal(&clear).await;
        assert_eq!(write("b").await, Err(Failure::SealedElsewhere));
    });
}

/// The line about the seal of a store that has no seal mark, if a seal key is set.
const NO_MARK: &str =
    "seal: no seal mark yet; the first koohook that serves with this key adds the mark";

/// The lines of a store check, one for each finding.
fn check_lines(file: &File, seals: Seals<'_>) -> Vec<String> {
    let findings = tests::servers::run(host::check_store(&file.store_config(seals)));
    let line = |StoreCheck { what, outcome }: StoreCheck| match outcome {
        Ok(text) => format!("{what}: {text}"),
        Err(text) => format!("{what} failed: {text}"),
    };
    findings.into_iter().map(line).collect()
}

#[test]
fn a_store_check_reports_each_permission_and_the_seal() {
    let file = File(tempfile::tempdir().unwrap());
    let [open, read, write, agenda, catalogue] =
        ["open", "read", "write", "agenda", "catalogue"].map(|what| format!("{what}: ok"));
    let lines = |seals| check_lines(&file, seals);
    let rest = [&read, &write, &agenda, &catalogue].map(String::as_str);
    let expected = |seal| [&[open.as_str(), seal], &rest[..]].concat();
    assert_eq!(
        lines((None, "")),
        expected("seal: not sealed: no seal key was used yet, so stored values are unencrypted")
    );
    assert_eq!(lines((Some(KEYS[0]), ""))[1], NO_MARK);
    assert_eq!(file.starts((Some(KEYS[0]), "")), vec![Ok(()); 4], "a store check writes no mark");
    assert_eq!(lines((Some(KEYS[0]), "")), expected("seal: ok"));
    assert!(lines((None, ""))[1].starts_with("seal: sealed; set KOOHOOK_SEAL_KEY"));
    assert!(lines((Some(KEYS[1]), ""))[1].starts_with("seal failed: KOOHOOK_SEAL_KEY does not"));
}

fn all_fail(starts: &[Result<(), String>], text: &str) -> bool {
    starts.iter().all(|start| start.as_ref().is_err_and(|error| error.starts_with(text)))
}

#[test]
fn a_start_without_the_stores_seal_key_fails() {
    let file = File(tempfile::tempdir().unwrap());
    let [a, b, c] = KEYS;
    let others = format!("{b}\n{a} {b}\r\n");
    let well = vec![Ok(()); 4];
    assert_eq!(file.starts((Some(a), "")), well);
    assert_eq!(file.starts((Some(a), "")), well);
    assert_eq!(file.starts((Some(c), &others)), well, "a previous key decrypts the mark");
    assert_eq!(
        file.starts((Some(a), "")),
        well,
        "the mark is not sealed again under the current key"
    );
    let keyless = file.starts((None, ""));
    assert!(
        all_fail(&keyless, "KOOHOOK_SEAL_KEY is required, because the store is sealed"),
        "{keyless:?}"
    );
    for seals in [(Some(b), ""), (Some(b), c)] {
        let mut starts = file.starts(seals);
        assert_eq!(starts.remove(1), Ok(()), "a function does not check the seal at its start");
        assert!(all_fail(&starts, "KOOHOOK_SEAL_KEY does not decrypt this store"), "{starts:?}");
    }
}

/// Puts the bytes of a value that another koohook wrote into a store without a mark.
fn fill(file: &File, key: &str, bytes: Vec<u8>) {
    let Config { store, .. } = file.config((None, ""));
    tests::servers::run(async {
        let store = store.open(false).await.unwrap();
        let value = Value { version: Version([1; 16]), bytes, ..Value::default() };
        assert_eq!(store.put(key, &value, None, NOON).await, Ok(Put::Won));
    });
}

fn sealed(key: usize, place: &str) -> Vec<u8> {
    let key = SealKey::parse(KEYS[key]).unwrap();
    Seal::new(Some(&key), None, Clear::Allowed).seal(place, b"{\"schema\":1}", [7; 12]).unwrap()
}

#[test]
fn a_start_with_a_key_marks_an_unencrypted_store_immediately() {
    let file = File(tempfile::tempdir().unwrap());
    let well = vec![Ok(()); 4];
    fill(&file, "a", [&[0], &b"{\"schema\":1}"[..]].concat());
    assert_eq!(file.starts((None, "")), well);
    assert_eq!(file.starts((Some(KEYS[0]), "")), well);
    assert!(all_fail(&file.starts((None, "")), "KOOHOOK_SEAL_KEY is required"));
    let others = file.starts((Some(KEYS[1]), ""));
    assert!(all_fail(&others[2..], "KOOHOOK_SEAL_KEY does not decrypt"), "{others:?}");
}

/// The key in an operator's shell may differ from the key of the serving process. So the command
/// encrypts no value, and reports why.
#[test]
fn a_command_does_not_start_to_encrypt_an_unencrypted_store() {
    let file = File(tempfile::tempdir().unwrap());
    let open = |seals| {
        let config = file.store_config(seals);
        let opened = tests::servers::run(async { host::open_to_write(&config).await.map(drop) });
        opened.map_err(|fault| fault.to_string())
    };
    fill(&file, "a", [&[0], &b"{\"schema\":1}"[..]].concat());
    let error = open((Some(KEYS[0]), "")).unwrap_err();
    assert!(error.contains("the values of this store are unencrypted"), "{error}");
    let check = &check_lines(&file, (Some(KEYS[0]), ""))[1];
    assert!(check.starts_with("seal failed: KOOHOOK_SEAL_KEY is set, but"), "{check}");
    assert_eq!(open((None, "")), Ok(()));
    assert_eq!(file.starts((Some(KEYS[0]), "")), vec![Ok(()); 4]);
    assert_eq!(open((Some(KEYS[0]), "")), Ok(()));
}

/// An older koohook wrote its mark later, or never.
#[test]
fn a_sealed_value_confirms_the_key_of_a_store_without_a_mark() {
    let file = File(tempfile::tempdir().unwrap());
    let [a, b, _] = KEYS;
    let well = vec![Ok(()); 4];
    fill(&file, "a", vec![0, 1]);
    fill(&file, "b", sealed(0, "b"));
    fill(&file, "c", vec![0, 1]);
    for _ in 0..2 {
        assert!(all_fail(&file.starts((None, "")), "KOOHOOK_SEAL_KEY is required"));
        assert!(
            check_lines(&file, (None, ""))[1].starts_with("seal: sealed; set KOOHOOK_SEAL_KEY")
        );
        let mut starts = file.starts((Some(b), ""));
        assert_eq!(starts.remove(1), Ok(()), "a function does not check the seal at its start");
        assert!(all_fail(&starts, "KOOHOOK_SEAL_KEY does not decrypt this store"), "{starts:?}");
        assert!(check_lines(&file, (Some(b), ""))[1].starts_with("seal failed: "));
    }
    assert_eq!(check_lines(&file, (Some(a), ""))[1], NO_MARK);
    assert_eq!(file.starts((Some(b), a)), well, "a previous key decrypts the value");
    assert_eq!(check_lines(&file, (Some(b), ""))[1], "seal: ok");
}
