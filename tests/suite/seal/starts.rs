//! Which keys a start accepts over a store that has values already.

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

// Starts, over a file.

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

    fn keeping(&self, seals: Seals<'_>) -> StoreConfig {
        let settings = self.lookup(seals);
        let lookup = |name: &str| {
            settings.iter().find(|(set, _)| *set == name).map(|(_, text)| text.clone())
        };
        StoreConfig::read(&lookup).unwrap()
    }

    /// What each start says: of `serve`, of a function, of a command that writes, and of one that
    /// reads. All of it is done twice.
    fn starts(&self, seals: Seals<'_>) -> Vec<Result<(), String>> {
        let said = |fault: host::HostError| {
            let said = fault.to_string();
            assert!(!KEYS.iter().any(|key| said.contains(key)), "{said}");
            said
        };
        let serve = async {
            let Config { context, store, .. } = self.config(seals);
            host::open_proven_context(context, &store, false).await.map(drop).map_err(said)
        };
        let function = async {
            let Config { context, store, .. } = self.config(seals);
            host::open_context(context, &store, false).await.map(drop).map_err(said)
        };
        let write =
            async { host::open_to_write(&self.keeping(seals)).await.map(drop).map_err(said) };
        let read = async { host::open_to_read(&self.keeping(seals)).await.map(drop).map_err(said) };
        tests::servers::run(async { vec![serve.await, function.await, write.await, read.await] })
    }
}

#[test]
fn a_process_without_a_key_stops_when_another_seals_its_store() {
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

/// What an examination says, a line for each.
fn examined(file: &File, seals: Seals<'_>) -> Vec<String> {
    let findings = tests::servers::run(host::check_store(&file.keeping(seals)));
    let line = |StoreCheck { what, outcome }: StoreCheck| match outcome {
        Ok(text) => format!("{what}: {text}"),
        Err(text) => format!("{what} failed: {text}"),
    };
    findings.into_iter().map(line).collect()
}

#[test]
fn an_examination_tries_everything_and_says_what_it_found() {
    let file = File(tempfile::tempdir().unwrap());
    let [open, read, write, agenda] = ["open: ok", "read: ok", "write: ok", "agenda: ok"];
    let lines = |seals| examined(&file, seals);
    assert_eq!(
        lines((None, "")),
        [open, "seal: the store has no seal mark yet", read, write, agenda]
    );
    assert_eq!(file.starts((Some(KEYS[0]), "")), vec![Ok(()); 4], "an examination puts no mark");
    assert_eq!(lines((Some(KEYS[0]), "")), [open, "seal: ok", read, write, agenda]);
    assert!(lines((None, ""))[1].starts_with("seal: sealed; set KOOHOOK_SEAL_KEY"));
    assert!(lines((Some(KEYS[1]), ""))[1].starts_with("seal failed: KOOHOOK_SEAL_KEY does not"));
}

fn refused(starts: &[Result<(), String>], text: &str) -> bool {
    starts.iter().all(|start| start.as_ref().is_err_and(|said| said.starts_with(text)))
}

#[test]
fn no_start_over_a_store_that_its_keys_do_not_open() {
    let file = File(tempfile::tempdir().unwrap());
    let [a, b, c] = KEYS;
    let others = format!("{b}\n{a} {b}\r\n");
    let well = vec![Ok(()); 4];
    assert_eq!(file.starts((Some(a), "")), well);
    assert_eq!(file.starts((Some(a), "")), well);
    assert_eq!(file.starts((Some(c), &others)), well, "a previous key opens the mark");
    assert_eq!(file.starts((Some(a), "")), well, "and does not seal it anew");
    let keyless = file.starts((None, ""));
    assert!(
        refused(&keyless, "KOOHOOK_SEAL_KEY is required, because the store is sealed"),
        "{keyless:?}"
    );
    for seals in [(Some(b), ""), (Some(b), c)] {
        let mut starts = file.starts(seals);
        assert_eq!(starts.remove(1), Ok(()), "a function proves nothing at its start");
        assert!(refused(&starts, "KOOHOOK_SEAL_KEY does not decrypt this store"), "{starts:?}");
    }
}

/// Puts a value that another koohook wrote, with its seal, into a store without a mark.
fn fill(file: &File, key: &str, bytes: Vec<u8>) {
    let Config { store, .. } = file.config((None, ""));
    tests::servers::run(async {
        let store = store.open(false).await.unwrap();
        let value = Value { version: Version([1; 16]), bytes, agenda: None, expires: None };
        assert_eq!(store.put(key, &value, None, NOON).await, Ok(Put::Won));
    });
}

fn sealed(key: usize, place: &str) -> Vec<u8> {
    let key = SealKey::parse(KEYS[key]).unwrap();
    Seal::new(Some(&key), None, Clear::Allowed).seal(place, b"{\"schema\":1}", [7; 12]).unwrap()
}

#[test]
fn a_start_with_a_key_marks_a_store_in_clear_at_once() {
    let file = File(tempfile::tempdir().unwrap());
    let well = vec![Ok(()); 4];
    fill(&file, "a", [&[0], &b"{\"schema\":1}"[..]].concat());
    assert_eq!(file.starts((None, "")), well);
    assert_eq!(file.starts((Some(KEYS[0]), "")), well);
    assert!(refused(&file.starts((None, "")), "KOOHOOK_SEAL_KEY is required"));
    let others = file.starts((Some(KEYS[1]), ""));
    assert!(refused(&others[2..], "KOOHOOK_SEAL_KEY does not decrypt"), "{others:?}");
}

/// A command's key in a shell is not the key of what serves: it seals nothing, and says so.
#[test]
fn a_command_begins_to_seal_no_store_in_clear() {
    let file = File(tempfile::tempdir().unwrap());
    let open = |seals| {
        let keeping = file.keeping(seals);
        let opened = tests::servers::run(async { host::open_to_write(&keeping).await.map(drop) });
        opened.map_err(|fault| fault.to_string())
    };
    fill(&file, "a", [&[0], &b"{\"schema\":1}"[..]].concat());
    let refused = open((Some(KEYS[0]), "")).unwrap_err();
    assert!(refused.contains("the values of this store are unencrypted"), "{refused}");
    assert_eq!(open((None, "")), Ok(()));
    assert_eq!(file.starts((Some(KEYS[0]), "")), vec![Ok(()); 4]);
    assert_eq!(open((Some(KEYS[0]), "")), Ok(()));
}

/// An older koohook put its mark later, or never.
#[test]
fn a_store_without_a_mark_is_proven_by_a_sealed_value() {
    let file = File(tempfile::tempdir().unwrap());
    let [a, b, _] = KEYS;
    let well = vec![Ok(()); 4];
    fill(&file, "a", vec![0, 1]);
    fill(&file, "b", sealed(0, "b"));
    fill(&file, "c", vec![0, 1]);
    for _ in 0..2 {
        assert!(refused(&file.starts((None, "")), "KOOHOOK_SEAL_KEY is required"));
        assert!(examined(&file, (None, ""))[1].starts_with("seal: sealed; set KOOHOOK_SEAL_KEY"));
        let mut starts = file.starts((Some(b), ""));
        assert_eq!(starts.remove(1), Ok(()), "a function proves nothing at its start");
        assert!(refused(&starts, "KOOHOOK_SEAL_KEY does not decrypt this store"), "{starts:?}");
        assert!(examined(&file, (Some(b), ""))[1].starts_with("seal failed: "));
    }
    assert_eq!(examined(&file, (Some(a), ""))[1], "seal: the store has no seal mark yet");
    assert_eq!(file.starts((Some(b), a)), well, "a previous key opens it");
    assert_eq!(examined(&file, (Some(b), ""))[1], "seal: ok");
}
