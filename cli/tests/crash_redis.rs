//! A real Redis that is killed, frozen, full, demoted or forgetful under a real `koohook dev`:
//! nothing acknowledged is lost but what its durability says may be, nothing stands twice, and
//! what is unknown is answered `000005` in time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that meets the unexpected fails, and says where"
)]

mod load;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use load::{CALLERS, Load, Running, SEAL_KEY, Watch, new_instance, send, settled, start};
use tempfile::TempDir;

/// Loses nothing.
const ALWAYS: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];
/// Loses a second.
const EVERYSEC: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "everysec"];
/// The marketplace waits five seconds, and koohook four: the rest is this machine's, which may be
/// busy.
const IN_TIME: Duration = Duration::from_secs(5);

/// A Redis of this test's own.
struct Redis {
    running: Running,
    port: u16,
    folder: TempDir,
    arguments: Vec<String>,
}

impl Redis {
    /// Starts one, if this machine can; in CI it must.
    fn start(arguments: &[&str]) -> Option<Self> {
        let there = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if there.is_err() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "redis-server is missing");
            let _ = writeln!(std::io::stderr(), "!! SKIPPED redis-server is missing");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let arguments: Vec<_> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let running = run_redis(port, &folder, &arguments);
        let redis = Self { running, port, folder, arguments };
        redis.wait();
        Some(redis)
    }

    fn setting(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it and starts it again, over what is on the disk.
    fn crash(&mut self) {
        self.running.kill();
        self.running = run_redis(self.port, &self.folder, &self.arguments);
        self.wait();
    }

    /// Stops it where it is, or lets it go on.
    fn signal(&self, signal: &str) {
        let id = self.running.0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// What it answers to a command, in one line.
    fn ask(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    }

    fn tell(&self, command: &str) {
        assert_eq!(self.ask(command).as_deref(), Some("+OK"), "{command}");
    }

    fn wait(&self) {
        while self.ask("PING").as_deref() != Some("+PONG") {
            thread::yield_now();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run_redis(port: u16, folder: &TempDir, arguments: &[String]) -> Running {
    let child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"])
        .arg(folder.path())
        .args(arguments)
        .stdout(Stdio::null())
        .spawn();
    Running(child.unwrap())
}

fn code(address: &str, order: &str) -> String {
    send(address, &new_instance(order)).unwrap().code
}

#[test]
fn kills_of_a_server_that_syncs_lose_nothing_acknowledged_and_double_nothing() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let setting = redis.setting();
    kills_lose_nothing(redis, &setting, &[40, 70, 25, 55, 90, 30]);
}

#[test]
fn kills_of_a_node_lose_nothing_acknowledged_and_double_nothing() {
    let Some(node) = cluster() else { return };
    let setting = format!("{}?cluster=true", node.setting());
    kills_lose_nothing(node, &setting, &[40]);
}

/// Kills it after so many answers, and again after so many more.
fn kills_lose_nothing(mut redis: Redis, setting: &str, kills: &[usize]) {
    let (_koohook, address) = start(setting);
    let load = Load::default();
    let promises = load.run(&address, "CSK", || {
        for more in kills {
            load.wait_for(*more);
            redis.crash();
        }
        load.wait_for(40);
    });
    let watch = Watch::open(setting);
    for promise in &promises {
        assert!(watch.stands(promise), "what was acknowledged stands: {promise:?}");
    }
    watch.complete(&address, &promises);
}

/// The replica did not hear the end: what it missed is lost, and heals when it is called again.
#[test]
fn a_failover_may_forget_but_makes_no_order_two() {
    let Some(master) = Redis::start(&EVERYSEC) else { return };
    let port = master.port.to_string();
    let of_master = [&EVERYSEC[..], &["--replicaof", "127.0.0.1", &port]].concat();
    let mut master = master;
    let replica = Redis::start(&of_master).unwrap();
    while master.ask("WAIT 1 100").as_deref() != Some(":1") {
        thread::yield_now();
    }
    let (_koohook, address) = start(&master.setting());
    let load = Load::default();
    let promises = load.run(&address, "CSF", || {
        load.wait_for(100);
        replica.tell("REPLICAOF NO ONE");
        load.wait_for(60);
        master.running.kill();
    });
    let (_koohook, address) = start(&replica.setting());
    let watch = Watch::open(&replica.setting());
    let lost = promises.iter().filter(|promise| !watch.stands(promise)).count();
    let _ = writeln!(std::io::stderr(), "failover: {lost} of {} promises lost", promises.len());
    assert!(lost > 0, "or this test shows nothing");
    assert!(lost < promises.len(), "what the replica heard stands");
    watch.complete(&address, &promises);
}

/// What was answered `000000` stands on the replica, also where the first answer was `000005` and a
/// repeat found the change that no replica had heard of.
#[test]
fn a_failover_to_a_replica_that_acknowledges_forgets_nothing() {
    let Some(master) = Redis::start(&ALWAYS) else { return };
    let port = master.port.to_string();
    let of_master = [&ALWAYS[..], &["--replicaof", "127.0.0.1", &port]].concat();
    let mut master = master;
    let replica = Redis::start(&of_master).unwrap();
    while master.ask("WAIT 1 100").as_deref() != Some(":1") {
        thread::yield_now();
    }
    let setting = format!("{}?wait=1", master.setting());
    assert!(found(&setting).unwrap().starts_with("A+ "));
    let (_koohook, address) = start(&setting);
    let load = Load::default();
    let promises = load.run(&address, "CSW", || {
        load.wait_for(100);
        replica.tell("REPLICAOF NO ONE");
        while load.refused.load(Ordering::SeqCst) < 2 * CALLERS {
            thread::yield_now();
        }
        master.running.kill();
    });
    let (_koohook, address) = start(&replica.setting());
    let watch = Watch::open(&replica.setting());
    for promise in &promises {
        assert!(watch.stands(promise), "what was acknowledged stands: {promise:?}");
    }
    watch.complete(&address, &promises);
}

#[test]
fn a_frozen_server_is_000005_in_time_and_recovers() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    freezes_and_recovers(&redis, &redis.setting());
}

#[test]
fn a_frozen_node_is_000005_in_time_and_recovers() {
    let Some(node) = cluster() else { return };
    freezes_and_recovers(&node, &format!("{}?cluster=true", node.setting()));
}

/// A cluster of one node: it has every slot, and is spoken to as any other.
fn cluster() -> Option<Redis> {
    let bus = free_port().to_string();
    let clustered = ["--cluster-enabled", "yes", "--cluster-port", &bus];
    let node = Redis::start(&[&ALWAYS[..], &clustered].concat())?;
    node.tell("CLUSTER ADDSLOTSRANGE 0 16383");
    while node.ask("SET up yes").as_deref() != Some("+OK") {
        thread::yield_now();
    }
    Some(node)
}

fn freezes_and_recovers(redis: &Redis, setting: &str) {
    let (_koohook, address) = start(setting);
    settled(&address, &new_instance("CS1"));
    redis.signal("-STOP");
    let begun = Instant::now();
    let codes: Vec<_> = thread::scope(|scope| {
        let call = |number: usize| {
            scope.spawn({
                let address = &address;
                move || (code(address, &format!("CSZ{number}")), begun.elapsed())
            })
        };
        let callers: Vec<_> = (0..CALLERS).map(call).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    for (code, elapsed) in codes {
        assert_eq!(code, "000005");
        assert!(elapsed < IN_TIME, "{elapsed:?}");
    }
    redis.signal("-CONT");
    let watch = Watch::open(setting);
    for number in 0..CALLERS {
        let id = settled(&address, &new_instance(&format!("CSZ{number}"))).instance_id.unwrap();
        assert_eq!(watch.kept(&id).unwrap().outbox.sequence, 1);
    }
}

#[test]
fn a_server_that_forgets_its_scripts_is_told_them_again() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    let load = Load::default();
    let promises = load.run(&address, "CSS", || {
        for _ in 0..20 {
            load.wait_for(10);
            redis.tell("SCRIPT FLUSH");
        }
    });
    assert_eq!(load.refused.load(Ordering::SeqCst), 0);
    Watch::open(&redis.setting()).complete(&address, &promises);
}

#[test]
fn a_server_that_cannot_write_is_000005_until_it_can() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    let id = settled(&address, &new_instance("CS1")).instance_id.unwrap();
    let watch = Watch::open(&redis.setting());
    let before = watch.kept(&id);
    for (number, (worse, better)) in [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    ]
    .iter()
    .enumerate()
    {
        let order = format!("CSW{number}");
        redis.tell(worse);
        for _ in 0..3 {
            assert_eq!(code(&address, &order), "000005", "{worse}");
        }
        redis.tell(better);
        settled(&address, &new_instance(&order));
    }
    assert_eq!(watch.kept(&id), before);
}

/// What a replica knows may be old: nothing is answered from it, not even a repeat.
#[test]
fn a_replica_is_not_believed() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    settled(&address, &new_instance("CS1"));
    redis.tell("REPLICAOF 127.0.0.1 1");
    assert_eq!(code(&address, "CS1"), "000005");
    redis.tell("REPLICAOF NO ONE");
    settled(&address, &new_instance("CS1"));
}

#[test]
fn a_server_that_a_script_keeps_busy_is_000005_in_time() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    redis.tell("CONFIG SET lua-time-limit 50");
    thread::scope(|scope| {
        scope.spawn(|| redis.ask("EVAL \"while true do end\" 0"));
        while !redis.ask("PING").unwrap().starts_with("-BUSY") {
            thread::yield_now();
        }
        let begun = Instant::now();
        assert_eq!(code(&address, "CS1"), "000005");
        assert!(begun.elapsed() < IN_TIME);
        redis.tell("SCRIPT KILL");
    });
    settled(&address, &new_instance("CS1"));
}

/// What a start finds: the grade that it logs, or why it is refused.
fn found(setting: &str) -> Result<String, String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_koohook"))
        .args(["dev", "--quiet"])
        .env("KOOHOOK_LISTEN", "127.0.0.1:0")
        .env("KOOHOOK_SEAL_KEY", SEAL_KEY)
        .env("KOOHOOK_STORE", setting)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut running = Running(child);
    let mut grade = String::new();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Ok(line) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        if let Some(found) = line["grade"].as_str() {
            grade = format!("{found} {}", line["found"].as_str().unwrap());
        }
        if line.get("listen").is_some() {
            running.kill();
            return Ok(grade);
        }
    }
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    Err(said)
}

#[test]
fn a_start_finds_out_how_durable_a_server_is() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let setting = redis.setting();
    assert!(found(&setting).unwrap().starts_with("A "));
    let replica = Redis::start(&["--replicaof", "127.0.0.1", &redis.port.to_string()]).unwrap();
    while redis.ask("WAIT 1 100").as_deref() != Some(":1") {
        thread::yield_now();
    }
    assert!(found(&setting).unwrap().starts_with("B "), "a failover may lose something");
    drop(replica);
    while redis.ask("WAIT 1 1").as_deref() != Some(":0") {
        thread::yield_now();
    }
    redis.tell("CONFIG SET appendfsync everysec");
    assert!(found(&setting).unwrap().starts_with("B "));
    for (worse, better, why) in [
        ("CONFIG SET appendonly no", "CONFIG SET appendonly yes", "appendonly"),
        ("CONFIG SET appendfsync no", "CONFIG SET appendfsync everysec", "appendfsync"),
        (
            "CONFIG SET maxmemory-policy allkeys-lru",
            "CONFIG SET maxmemory-policy noeviction",
            "noeviction",
        ),
    ] {
        redis.tell(worse);
        let refused = found(&setting).unwrap_err();
        assert!(refused.contains(why) && refused.contains("durability=any"), "{refused}");
        assert!(!refused.contains("127.0.0.1"), "{refused}");
        assert!(found(&format!("{setting}?durability=any")).unwrap().starts_with("C "));
        redis.tell(better);
    }
    redis.tell("REPLICAOF 127.0.0.1 1");
    assert!(found(&setting).unwrap_err().contains("replica"));
}

/// Managed servers deny what tells.
#[test]
fn a_server_that_does_not_say_how_durable_it_is_is_believed() {
    let Some(redis) = Redis::start(&["--appendonly", "no"]) else { return };
    redis.tell("ACL SETUSER canary on >canary-password ~* +@all -config -info");
    let setting = redis.setting().replace("//", "//canary:canary-password@");
    assert_eq!(found(&setting).as_deref(), Ok("B no durability settings"));
    redis.tell("ACL SETUSER canary +info");
    assert!(found(&setting).unwrap_err().contains("appendonly"), "what is seen is refused");
    let wrong = found(&setting.replace("password", "wrong")).unwrap_err();
    assert!(wrong.contains("redis") && !wrong.contains("canary"), "{wrong}");
}

#[test]
fn a_server_is_found_by_its_socket_and_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock").display().to_string();
    let Some(redis) = Redis::start(&[&ALWAYS[..], &["--unixsocket", &socket]].concat()) else {
        return;
    };
    for setting in [format!("unix://{socket}?db=3"), format!("{}/3", redis.setting())] {
        let (mut koohook, address) = start(&setting);
        settled(&address, &new_instance("CS1"));
        koohook.kill();
    }
    let (_koohook, address) = start(&redis.setting());
    let id = settled(&address, &new_instance("CS2")).instance_id.unwrap();
    let third = Watch::open(&format!("redis+unix://{socket}?db=3"));
    assert!(third.kept(&id).is_none(), "another database");
    let id = settled(&address, &new_instance("CS1")).instance_id.unwrap();
    assert_eq!(third.kept(&id).unwrap().outbox.sequence, 1, "one place by two names");
}

/// Whoever vouches for a server is named, or known to all; nobody else is believed.
#[test]
fn a_server_is_believed_over_tls_where_its_certificate_is() {
    let port = free_port();
    let file = |name| format!("{}/../tests/vectors/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let [authority, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(file);
    let listen = port.to_string();
    let tls = ["--tls-port", &listen, "--tls-auth-clients", "no", "--tls-cert-file", &certificate];
    let tls = [&tls[..], &["--tls-key-file", &key, "--tls-ca-cert-file", &authority]].concat();
    let Some(_redis) = Redis::start(&[&ALWAYS[..], &tls].concat()) else { return };
    for host in ["localhost", "127.0.0.1"] {
        let setting = format!("rediss://{host}:{port}?ca={authority}");
        assert!(found(&setting).unwrap().starts_with("A "), "{host}");
    }
    for unbelieved in [
        format!("rediss://127.0.0.1:{port}"),
        format!("rediss://127.0.0.1:{port}?ca={certificate}"),
        format!("rediss://127.0.0.2:{port}?ca={authority}"),
        format!("rediss://127.0.0.1:{port}?ca={key}"),
        format!("redis://127.0.0.1:{port}"),
    ] {
        let refused = found(&unbelieved).unwrap_err();
        assert!(refused.contains("KOOHOOK_STORE") && !refused.contains("127"), "{refused}");
    }
}
