//! Measures the functions as they are packaged for FunctionGraph: their start, their size and their
//! memory. Each is compared with the smallest function of its kind, and with its size before.
//!
//! - `calls`: the call of each function, and the check of its answer.
//! - `running`: a function in its process, as the platform starts it.
//! - `sizes`: the sizes of the programs.

mod calls;
mod running;
mod sizes;

use std::path::{Path, PathBuf};

use functions::application_sync::secret::{PrivateKey, Size};
use tests::redis_server::RedisServer;

use self::calls::FunctionCall;
use self::running::{RunningPackage, settings};
use crate::clock::now_millis;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget, paired};

/// The most that a start takes, compared with the hello function: over memory, and over Redis with TLS.
const MOST_STARTS: [f64; 2] = [1.4, 2.4];
/// The most memory after all calls, in MiB.
const MOST_MEMORY: f64 = 7.0;

/// Measures every program in a folder.
pub fn measure(folder: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let Some(redis) = TlsRedis::start() else { return Ok(()) };
    let pem = PrivateKey::generate(Size::Bits3072)?.to_pem()?;
    for name in functions(folder)? {
        eprintln!("  {name}");
        let call = calls::of(&name).ok_or_else(|| format!("no call for the function {name}"))?;
        let package = Package { folder, name: &name, call, pem: &pem };
        package.measure_start(&redis, pace, table)?;
        sizes::measure(&name, &folder.join(&name), &package.hello(), table)?;
        package.measure_memory(&redis, pace, table)?;
    }
    Ok(())
}

/// The names of the functions in a folder, sorted. The folder also contains the hello functions.
fn functions(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if ![HELLO, HELLO_TIMER].contains(&name.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A packaged function and its call.
struct Package<'a> {
    folder: &'a Path,
    name: &'a str,
    call: &'static FunctionCall,
    pem: &'a str,
}

impl Package<'_> {
    /// The smallest function of the same kind.
    fn hello(&self) -> PathBuf {
        self.folder.join(if self.call.is_timer() { HELLO_TIMER } else { HELLO })
    }

    /// Measures the milliseconds from the start of a process to its first answer, which is verified.
    fn measure_start(&self, redis: &TlsRedis, pace: &Pace, table: &mut FigureTable) -> Result<()> {
        let redis = redis.setting(self.name);
        let (mut hellos, mut starts) = (Vec::new(), [const { Vec::new() }; 2]);
        for number in 0..=pace.starts {
            let hello = self.start_hello()?.call(self.call, number, now_millis()?)?.0;
            let memory = self.first_answer("memory:", number)?;
            let tls = self.first_answer(&redis, number)?;
            // For the first round, the programs are on disk and not in memory, so it does not count.
            if number > 0 {
                hellos.push(hello);
                starts.iter_mut().zip([memory, tls]).for_each(|(starts, one)| starts.push(one));
            }
        }
        for ((store, most), starts) in ["memory", "TLS"].into_iter().zip(MOST_STARTS).zip(starts) {
            let (medians, ratio) = paired(starts, hellos.clone());
            let figure = format!("start of {}, {store} / hello, ms", self.name);
            table.add(&figure, medians, ratio, FigureTarget::RatioAtMost(most));
        }
        Ok(())
    }

    fn first_answer(&self, store: &str, number: usize) -> Result<f64> {
        let mut function = self.start(store)?;
        let (millis, answer) = function.call(self.call, number, now_millis()?)?;
        self.call.check(&answer)?;
        Ok(millis)
    }

    /// Measures the peak memory of a process after many calls over Redis with TLS.
    fn measure_memory(&self, redis: &TlsRedis, pace: &Pace, table: &mut FigureTable) -> Result<()> {
        let mut function = self.start(&redis.setting(self.name))?;
        let mut hello = self.start_hello()?;
        for number in 0..pace.calls {
            let (_, answer) = function.call(self.call, number, now_millis()?)?;
            self.call.check(&answer)?;
            hello.call(self.call, number, now_millis()?)?;
        }
        let figure = format!("  memory after {} calls, TLS / hello, MiB", pace.calls);
        let sides = [function.peak_mib()?, hello.peak_mib()?];
        let [ours, baseline] = sides;
        table.add(&figure, sides, ours / baseline, FigureTarget::AtMost(MOST_MEMORY));
        Ok(())
    }

    fn start(&self, store: &str) -> Result<RunningPackage> {
        let program = self.folder.join(self.name);
        RunningPackage::start(&program, &settings(self.name, store, self.pem), self.call.is_timer())
    }

    fn start_hello(&self) -> Result<RunningPackage> {
        RunningPackage::start(&self.hello(), &[], self.call.is_timer())
    }
}

/// A Redis server that also listens for TLS. The tests' authority signed its certificate.
struct TlsRedis {
    port: u16,
    authority: String,
    _server: RedisServer,
}

impl TlsRedis {
    fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let file = |name| format!("{}/../vectors/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let [authority, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(file);
        let listen = port.to_string();
        let server = RedisServer::start(&[
            "--tls-port",
            &listen,
            "--tls-auth-clients",
            "no",
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &authority,
        ])?;
        Some(Self { port, authority, _server: server })
    }

    /// `KOOHOOK_STORE` of a function.
    fn setting(&self, function: &str) -> String {
        format!("rediss://127.0.0.1:{}?ca={}&prefix={function}", self.port, self.authority)
    }
}

/// The smallest HTTP function.
const HELLO: &str = "constant-host";
/// The smallest function with a timer.
const HELLO_TIMER: &str = "hello-timer";
