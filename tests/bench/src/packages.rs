//! Measures the functions as they are packaged for each platform: their start, their size and their
//! memory. Each is compared with the smallest function of its kind, and with its size before.
//!
//! - `calls`: the call of each function, and the check of its answer.
//! - `platform`: the platforms, and the smallest function of each.
//! - `running`: a function in its process, as the platform starts it.
//! - `sizes`: the sizes of the programs.
//! - `tls_redis`: the store of most packages.

mod calls;
mod platform;
mod running;
mod sizes;
mod tls_redis;

use std::path::{Path, PathBuf};

use functions::application_sync::secret::{PrivateKey, Size};
use tests::servers::{self, Server};

use self::calls::FunctionCall;
use self::platform::PackagePlatform;
use self::running::{RunningPackage, settings};
use self::tls_redis::TlsRedis;
use crate::clock::now_millis;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget, paired};

/// The most that a start takes, compared with the hello function: over memory, and over an external
/// store.
const MOST_STARTS: [f64; 2] = [1.4, 2.4];
/// The most memory after all calls, in MiB.
const MOST_MEMORY: f64 = 7.0;

/// The smallest HTTP function that connects to Redis.
const CONNECTS: &str = "hello-redis";

/// Measures every package that `tests/bench/run` has unpacked beside the bench.
pub fn measure(bench: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let Some(redis) = TlsRedis::start() else { return Ok(()) };
    let pem = PrivateKey::generate(Size::Bits3072)?.to_pem()?;
    for platform in PackagePlatform::ALL {
        for program in programs(&bench.with_file_name("packages").join(platform.folder()))? {
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            eprintln!("  {name} on {}", platform.folder());
            let call =
                calls::of(&name).ok_or_else(|| format!("no call for the function {name}"))?;
            let Some(store) = store(platform, &name, &redis) else { continue };
            let hello = bench.with_file_name(platform.hello(call.is_timer()));
            let (connects, pem) = (bench.with_file_name(CONNECTS), pem.as_str());
            let (name, program) = (&*name, program.as_path());
            let package = Package { platform, name, program, hello, connects, call, pem, store };
            package.measure_start(pace, table)?;
            package.measure_connecting(&redis, pace, table)?;
            sizes::measure(platform, name, [program, &package.hello], table)?;
            package.measure_memory(pace, table)?;
        }
    }
    Ok(())
}

/// The programs in a folder, sorted. A platform that was not packaged has no folder.
fn programs(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let files = std::fs::read_dir(folder)?.map(|file| Ok(file?.path()));
    let mut programs: Vec<_> = files.collect::<std::io::Result<_>>()?;
    programs.sort();
    Ok(programs)
}

/// `KOOHOOK_STORE` of a function in the external store of its platform, if that runs.
fn store(platform: PackagePlatform, function: &str, redis: &TlsRedis) -> Option<String> {
    match platform {
        PackagePlatform::FunctionGraph | PackagePlatform::Vercel => Some(redis.setting(function)),
        PackagePlatform::Lambda => servers::setting(Server::Dynamodb),
    }
}

/// A packaged function and its call.
struct Package<'a> {
    platform: PackagePlatform,
    name: &'a str,
    program: &'a Path,
    /// The smallest function of the same kind.
    hello: PathBuf,
    /// The smallest HTTP function that connects to Redis.
    connects: PathBuf,
    call: &'static FunctionCall,
    pem: &'a str,
    /// `KOOHOOK_STORE` for the external store.
    store: String,
}

impl Package<'_> {
    /// Measures the milliseconds from the start of a process to its first answer, which is verified.
    fn measure_start(&self, pace: &Pace, table: &mut FigureTable) -> Result<()> {
        let (mut hellos, mut starts) = (Vec::new(), [const { Vec::new() }; 2]);
        for number in 0..=pace.starts {
            let hello = self.start_hello()?.call(self.call, number, now_millis()?)?.0;
            let memory = self.first_answer("memory:", number)?;
            let external = self.first_answer(&self.store, number)?;
            // For the first round, the programs are on disk and not in memory, so it does not count.
            if number > 0 {
                hellos.push(hello);
                starts
                    .iter_mut()
                    .zip([memory, external])
                    .for_each(|(starts, one)| starts.push(one));
            }
        }
        let stores = ["memory", self.platform.store()];
        for ((store, most), starts) in stores.into_iter().zip(MOST_STARTS).zip(starts) {
            let (medians, ratio) = paired(starts, hellos.clone());
            let (platform, name) = (self.platform.folder(), self.name);
            let figure = format!("start of {name} on {platform}, {store} / hello, ms");
            table.add(&figure, medians, ratio, FigureTarget::RatioAtMost(most));
        }
        Ok(())
    }

    /// Measures the same over Redis with TLS, beside the smallest HTTP function that connects to it: how
    /// much koohook adds to the connection.
    fn measure_connecting(
        &self,
        redis: &TlsRedis,
        pace: &Pace,
        table: &mut FigureTable,
    ) -> Result<()> {
        if self.platform != PackagePlatform::FunctionGraph || self.call.is_timer() {
            return Ok(());
        }
        let settings = redis.hello_settings();
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        let (mut starts, mut hellos) = (Vec::new(), Vec::new());
        for number in 0..=pace.starts {
            let start = || RunningPackage::start(self.platform, &self.connects, &settings, false);
            let hello = start()?.call(self.call, number, now_millis()?)?.0;
            let ours = self.first_answer(&self.store, pace.starts + 1 + number)?;
            if number > 0 {
                starts.push(ours);
                hellos.push(hello);
            }
        }
        let (medians, ratio) = paired(starts, hellos);
        let figure = "  over Redis with TLS / a hello that connects, ms";
        table.add(figure, medians, ratio, FigureTarget::None);
        Ok(())
    }

    fn first_answer(&self, store: &str, number: usize) -> Result<f64> {
        let mut function = self.start(store)?;
        let (millis, answer) = function.call(self.call, number, now_millis()?)?;
        self.call.check(&answer)?;
        Ok(millis)
    }

    /// Measures the peak memory of a process after many calls over the external store.
    fn measure_memory(&self, pace: &Pace, table: &mut FigureTable) -> Result<()> {
        let (mut function, mut hello) = (self.start(&self.store)?, self.start_hello()?);
        for number in 0..pace.calls {
            let (_, answer) = function.call(self.call, number, now_millis()?)?;
            self.call.check(&answer)?;
            hello.call(self.call, number, now_millis()?)?;
        }
        let (calls, store) = (pace.calls, self.platform.store());
        let figure = format!("  memory after {calls} calls, {store} / hello, MiB");
        let sides = [function.peak_mib()?, hello.peak_mib()?];
        let [ours, baseline] = sides;
        table.add(&figure, sides, ours / baseline, FigureTarget::AtMost(MOST_MEMORY));
        Ok(())
    }

    fn start(&self, store: &str) -> Result<RunningPackage> {
        let settings = settings(self.name, store, self.pem);
        RunningPackage::start(self.platform, self.program, &settings, self.call.is_timer())
    }

    fn start_hello(&self) -> Result<RunningPackage> {
        RunningPackage::start(self.platform, &self.hello, &[], self.call.is_timer())
    }
}
