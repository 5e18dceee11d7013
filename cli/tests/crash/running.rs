//! Runs koohook over a store, until a test kills it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

/// The base key of every koohook here.
pub const KEY: &str = "constructed-base-key-0001";
/// The seal key of every koohook here.
pub const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A process that is killed when this is dropped, also if the test fails.
pub struct Running(pub Child);

impl Running {
    /// Kills the process, as a crash does.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `koohook dev` over a store, and returns its address.
pub fn start(store: &str) -> (Running, String) {
    start_with(store, &[])
}

/// Starts `koohook dev` over a store, with more settings.
pub fn start_with(store: &str, settings: &[(&str, &str)]) -> (Running, String) {
    let (running, address) = start_command(&["dev", "--quiet"], store, settings);
    (running, format!("http://{address}/saasproduce"))
}

/// A command of koohook over a store, with the keys of these tests.
pub fn command(arguments: &[&str], store: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koohook"));
    command
        .args(arguments)
        .env("KOOHOOK_BASE_KEY", KEY)
        .env("KOOHOOK_SEAL_KEY", SEAL_KEY)
        .env("KOOHOOK_STORE", store);
    command
}

/// Starts a command that serves over a store, and returns the address at which it listens.
pub fn start_command(
    arguments: &[&str],
    store: &str,
    settings: &[(&str, &str)],
) -> (Running, String) {
    let mut child = command(arguments, store)
        .env("KOOHOOK_LISTEN", "127.0.0.1:0")
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listen = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(&line).ok()?;
        line.get("listen")?.as_str().map(str::to_owned)
    });
    // The log must be read to its end; otherwise koohook waits when the pipe is full.
    thread::spawn(move || lines.for_each(drop));
    (Running(child), listen.expect("koohook logs its address"))
}
