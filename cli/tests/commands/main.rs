//! Checks what the commands of `koohook` do and print.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something unexpected must fail, and name the place"
)]

mod alarms;
mod backup;
mod check;
mod drills;
mod files;
mod import;
mod init;
mod keys;
mod logs;
mod looking;
mod notice_server;
mod notices;
mod package;
mod printing;
mod reindex;
mod reseal;
mod status;
mod store;
mod terminal;
mod texts;
mod usage;

use std::fs;
use std::io::pipe;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A folder in which the commands run. Their store is in it.
struct Folder(TempDir);

/// The exit code and the output of a command.
struct Finished {
    code: Option<i32>,
    out: String,
    aside: String,
}

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder whose store has three instances.
    fn with_instances() -> Self {
        let folder = Self::new();
        let rows: Vec<_> = (1..=3).map(|number| row(number, "active")).collect();
        folder.write("rows.jsonl", rows.concat().as_bytes());
        assert_eq!(folder.run(&["import", "rows.jsonl"]).code, Some(0));
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koohook"));
        command.args(arguments).current_dir(self.0.path()).env_clear().stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        Finished::of(self.command(arguments).output().unwrap())
    }

    /// Runs a command with a closed pipe as its standard output.
    fn run_unread(&self, arguments: &[&str]) -> Finished {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = self.command(arguments);
        // Without this setting the command prints which store it uses.
        command.env("KOOHOOK_STORE", "sqlite:koohook.db").stdout(writer);
        Finished::of(command.output().unwrap())
    }
}

impl Finished {
    fn of(Output { status, stdout, stderr }: Output) -> Self {
        let [out, aside] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        Self { code: status.code(), out, aside }
    }

    #[track_caller]
    fn check(&self, code: i32, out: &str, aside: &str) {
        let Self { code: exit_code, out: printed, aside: warned } = self;
        let what = format!("{exit_code:?}\n{printed}\n{warned}");
        assert_eq!(*exit_code, Some(code), "{what}");
        assert!(printed.contains(out), "{what}");
        assert!(warned.contains(aside), "{what}");
        assert!(!warned.contains("panicked"), "{what}");
    }
}

fn row(number: usize, state: &str) -> String {
    format!(
        "{{\"instanceId\":\"i-{number}\",\"orderId\":\"CS{number}\",\"state\":\"{state}\",\
         \"frontEndUrl\":\"https://a.example\",\"password\":\"canary\"}}\n"
    )
}
