//! Two processes of `koohook serve` over one store, restarted one after the other as on a server behind
//! a proxy: the new process listens before the old one gets SIGTERM.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::product::PATIENCE;

/// The access keys before and after a change. They are made up.
pub const BASE_KEYS: [&str; 2] = ["constructed-base-key-0001", "constructed-base-key-0002"];
/// The secrets of the product before and after a change.
pub const SECRETS: [&str; 2] = [
    "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==",
    "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMg==",
];
/// Three seal keys: 32 times the bytes 9, 10 and 11.
pub const SEAL_KEYS: [&str; 3] = [
    "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
    "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo=",
    "CwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCws=",
];

/// A running process. It is killed when this is dropped, also if the test fails.
struct Serving {
    child: Child,
    address: String,
    /// Reads the log to its end.
    reader: Option<JoinHandle<()>>,
}

/// The addresses to which a proxy sends calls.
#[derive(Clone, Default)]
pub struct Proxy(Arc<Mutex<Vec<String>>>);

/// An installation of koohook.
pub struct Installation {
    folder: TempDir,
    settings: BTreeMap<String, String>,
    processes: Vec<Serving>,
    /// Where the calls go.
    pub proxy: Proxy,
    log: Arc<Mutex<Vec<Value>>>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    /// The origin of the process that gets the call with this number.
    pub fn origin(&self, number: usize) -> String {
        let addresses = self.0.lock().unwrap();
        format!("http://{}", addresses[number % addresses.len()])
    }
}

impl Installation {
    /// An installation with these settings, beside the usual ones.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("koohook.db").display());
        let usual = [
            ("KOOHOOK_BASE_KEY", BASE_KEYS[0]),
            ("KOOHOOK_LISTEN", "127.0.0.1:0"),
            ("KOOHOOK_SEAL_KEY", SEAL_KEYS[0]),
            ("KOOHOOK_STORE", &store),
        ];
        let settings = usual.iter().chain(settings);
        let settings = settings.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let settings = settings.collect();
        let (processes, proxy, log) = (Vec::new(), Proxy::default(), Arc::default());
        let mut installation = Self { folder, settings, processes, proxy, log };
        for _ in 0..PROCESSES {
            let serving = installation.serve();
            installation.proxy.0.lock().unwrap().push(serving.address.clone());
            installation.processes.push(serving);
        }
        installation
    }

    /// A path in the folder of the installation.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets settings, and restarts the processes one after the other. An empty text unsets a setting.
    pub fn change(&mut self, settings: &[(&str, &str)]) {
        for (name, text) in settings {
            if text.is_empty() {
                self.settings.remove(*name);
            } else {
                self.settings.insert((*name).to_owned(), (*text).to_owned());
            }
        }
        for place in 0..self.processes.len() {
            let serving = self.serve();
            serving.address.clone_into(&mut self.proxy.0.lock().unwrap()[place]);
            let mut old = std::mem::replace(&mut self.processes[place], serving);
            let pid = old.child.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
            assert!(old.child.wait().unwrap().success(), "the process ends after SIGTERM");
            old.reader.take().unwrap().join().unwrap();
        }
    }

    /// Runs a command with the settings of the installation.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command with other settings.
    pub fn run_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        self.command(arguments).envs(settings.iter().copied()).output().unwrap()
    }

    /// Starts a command, and kills it after it has changed so many values of the store.
    pub fn kill_after(&self, arguments: &[&str], written: usize) {
        let versions = || {
            let connection = Connection::open(self.path("koohook.db")).unwrap();
            connection.busy_timeout(PATIENCE).unwrap();
            let mut statement = connection.prepare("SELECT version FROM kept").unwrap();
            let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
            rows.collect::<Result<BTreeSet<_>, _>>().unwrap()
        };
        let before = versions();
        let child = self.command(arguments).stdout(Stdio::null()).spawn().unwrap();
        let mut running = Serving { child, address: String::new(), reader: None };
        while running.child.try_wait().unwrap().is_none()
            && before.difference(&versions()).count() < written
        {
            thread::yield_now();
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koohook"));
        command.args(arguments).env_clear().envs(&self.settings).current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    fn serve(&self) -> Serving {
        let mut child = self.command(&["serve"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines =
            lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok());
        let listen =
            lines.by_ref().find_map(|line: Value| line["listen"].as_str().map(str::to_owned));
        let log = Arc::clone(&self.log);
        let reader = thread::spawn(move || lines.for_each(|line| log.lock().unwrap().push(line)));
        let address = listen.expect("koohook logs its address");
        Serving { child, address, reader: Some(reader) }
    }

    /// How many lines the log has.
    pub fn log_length(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    /// Waits until the newest calls of a contract since the log had `since` lines, `count` of them, were
    /// all verified with this key: `current` or `previous`. The metric of the matched key must say the
    /// same; add its check here when it exists.
    pub fn wait_for_key(&self, key: &str, contract: &str, since: usize, count: usize) {
        let begun = Instant::now();
        loop {
            let keys = self.keys_since(since, contract);
            let newest = keys.iter().rev().take(count);
            if newest.len() == count && newest.clone().all(|used| used == key) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no {count} calls with the {key} key: {keys:?}");
            thread::yield_now();
        }
    }

    /// The key of each call of a contract since the log had so many lines.
    pub fn keys_since(&self, since: usize, contract: &str) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let calls = log.iter().skip(since).filter(|line| line["message"] == "callback");
        let calls =
            calls.filter(|line| line["contract"].as_str().is_some_and(|it| it.contains(contract)));
        calls.filter_map(|line| line["key"].as_str().map(str::to_owned)).collect()
    }

    /// Lines of a level that nothing in a rotation should cause.
    pub fn troubles(&self, level: &str) -> Vec<Value> {
        let log = self.log.lock().unwrap();
        log.iter().filter(|line| line["level"] == level).cloned().collect()
    }
}

/// How many processes serve.
const PROCESSES: usize = 2;
