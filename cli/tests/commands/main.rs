//! What `koohook`'s commands do and print.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected fails, and says where"
)]

mod import;
mod printing;
mod store;
mod texts;

use std::fs;
use std::io::pipe;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A folder with a store in it, where commands run.
struct Folder(TempDir);

/// The end of a command.
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

    /// Runs a command whose standard output has no reader.
    fn run_unread(&self, arguments: &[&str]) -> Finished {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = self.command(arguments);
        // Without it the command prints which store it uses.
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
        let Self { code: ended, out: printed, aside: told } = self;
        let what = format!("{ended:?}\n{printed}\n{told}");
        assert_eq!(*ended, Some(code), "{what}");
        assert!(printed.contains(out), "{what}");
        assert!(told.contains(aside), "{what}");
        assert!(!told.contains("panicked"), "{what}");
    }
}

fn row(number: usize, state: &str) -> String {
    format!(
        "{{\"instanceId\":\"i-{number}\",\"orderId\":\"CS{number}\",\"state\":\"{state}\",\
         \"frontEndUrl\":\"https://a.example\",\"password\":\"canary\"}}\n"
    )
}
