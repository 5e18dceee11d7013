//! Runs the command against servers that are not koohook, against `koohook dev`, and as `koohook demo`.
//! Each server is a small Python program in `servers/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something unexpected must fail, and name the place"
)]

mod conform;
mod demo;
mod dev;
mod kit;
mod send;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

const KEY: &str = "constructed-base-key-0001";

/// A running server of `servers/`. It stops when this is dropped.
struct Seller {
    child: Child,
    address: String,
}

impl Seller {
    fn start(script: &str, arguments: &[&str]) -> Self {
        let path = format!("{}/tests/sellers/servers/{script}.py", env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new("python3")
            .arg(path)
            .args(arguments)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, address: format!("http://127.0.0.1:{}/isv/produce", port.trim()) }
    }

    /// Plays the marketplace with the right key.
    fn conform(&self, arguments: &[&str]) -> (Vec<String>, Option<i32>) {
        self.conform_with(KEY, arguments)
    }

    /// Plays the marketplace. Returns the exit code, and the lines that do not end with `ok` or `remark`.
    fn conform_with(&self, key: &str, arguments: &[&str]) -> (Vec<String>, Option<i32>) {
        let mut all = vec!["conform", &self.address, "--key", key];
        all.extend(arguments);
        let done = koohook(&all);
        let report = String::from_utf8(done.stdout).unwrap();
        let is_plain = |line: &&str| line.ends_with("  ok") || line.ends_with("  remark");
        let lines = report.lines().filter(|line| !line.is_empty() && !is_plain(line));
        // The width of the columns depends on the longest title.
        let words = |line: &str| {
            let words = line.split("  ").map(str::trim).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join("  ").replace(&self.address, "«address»")
        };
        (lines.map(words).collect(), done.status.code())
    }
}

impl Drop for Seller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the command without the settings of this process.
fn koohook(arguments: &[&str]) -> Output {
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_koohook")));
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn without_settings(mut command: Command) -> Command {
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("KOOHOOK_")) {
        command.env_remove(name);
    }
    command
}

fn assert_lines(found: &[String], expected: &str) {
    let found = found.join("\n");
    let expected: Vec<&str> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(found, expected.join("\n"), "\n{found}\n");
}
