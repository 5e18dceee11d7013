//! A packaged function in its process, as its platform starts it.

use std::path::Path;
use std::process::Command;

use http::Response;
use tests::call::{PRODUCT_SECRET, SETTINGS};

use super::calls::{FunctionCall, KIT_KEY, RELAY_SECRET};
use super::platform::PackagePlatform;
use crate::connection::KeptConnection;
use crate::host::MeasuredHost;
use crate::outcome::Result;
use crate::running_function::RunningFunction;
use crate::stores::SEAL_KEY;

/// A running function, and the way to call it.
pub enum RunningPackage {
    /// The platform calls the function over HTTP.
    Http(MeasuredHost, KeptConnection),
    /// The function asks the platform's runtime for calls, which are events of API Gateway.
    Calls(RunningFunction),
    /// The function asks the platform's runtime for the events of a timer.
    Timer(RunningFunction),
}

impl RunningPackage {
    /// Starts a program with settings. An HTTP function then listens.
    pub fn start(
        platform: PackagePlatform,
        program: &Path,
        settings: &[(&str, &str)],
        is_timer: bool,
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command.env_clear().envs(settings.iter().copied());
        match (platform, is_timer) {
            (PackagePlatform::FunctionGraph, false) => {
                let command = command.envs(FUNCTION_GRAPH);
                Self::listening(MeasuredHost::spawn(command, "KOOHOOK_LISTEN")?)
            }
            (PackagePlatform::FunctionGraph, true) => {
                let command = command.envs(FUNCTION_GRAPH);
                RunningFunction::spawn(command, "RUNTIME_API_ADDR").map(Self::Timer)
            }
            (PackagePlatform::Lambda, false) => {
                RunningFunction::start(program, settings).map(Self::Calls)
            }
            (PackagePlatform::Lambda, true) => {
                RunningFunction::start(program, settings).map(Self::Timer)
            }
            (PackagePlatform::Vercel, _) => {
                let command = command.env("VERCEL", "1");
                Self::listening(MeasuredHost::spawn_at_port(command, "VERCEL_DEV_PORT")?)
            }
        }
    }

    fn listening(mut host: MeasuredHost) -> Result<Self> {
        let connection = host.connect()?;
        Ok(Self::Http(host, connection))
    }

    /// Calls the function. Returns the milliseconds since its start, and its answer.
    pub fn call(
        &mut self,
        call: &FunctionCall,
        number: usize,
        now: u64,
    ) -> Result<(f64, Response<Vec<u8>>)> {
        let request = call.request(number, now)?;
        match self {
            Self::Http(host, connection) => {
                let answer = connection.call(&request)?;
                Ok((host.millis(), answer))
            }
            Self::Calls(function) => {
                let answer = function.call(&request)?;
                Ok((answer.millis, answer.response()?))
            }
            Self::Timer(function) => {
                let answer = function.send(TIMER_EVENT.to_vec())?;
                Ok((answer.millis, Response::new(answer.body)))
            }
        }
    }

    /// The peak memory of the process, in MiB.
    pub fn peak_mib(&self) -> Result<f64> {
        let kib = match self {
            Self::Http(host, _) => host.peak_kib()?,
            Self::Calls(function) | Self::Timer(function) => function.peak_kib()?,
        };
        Ok(f64::from(u32::try_from(kib)?) / 1_024.0)
    }
}

/// The settings of a function over a store. Some settings exist only for some functions.
pub fn settings<'a>(function: &str, store: &'a str, pem: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut settings = SETTINGS.to_vec();
    settings.extend([("KOOHOOK_KIT_KEY", KIT_KEY), ("KOOHOOK_SEAL_KEY", SEAL_KEY)]);
    settings.push(("KOOHOOK_STORE", store));
    match function {
        "application-sync" => settings.push(("KOOHOOK_RSA_PRIVATE_KEY", pem)),
        "app-info" | "relay" | "usage" => settings.extend([
            ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
            ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
            ("KOOHOOK_RELAY_SECRET", RELAY_SECRET),
            // Vercel's name for it.
            ("CRON_SECRET", RELAY_SECRET),
        ]),
        _ => {}
    }
    settings
}

/// The event of a timer. Its content does not matter.
const TIMER_EVENT: &[u8] = br#"{"trigger":"timer"}"#;
/// Variables that FunctionGraph sets for every function.
const FUNCTION_GRAPH: [(&str, &str); 3] = [
    ("RUNTIME_FUNC_NAME", "function"),
    ("RUNTIME_CODE_ROOT", "/opt/function/code"),
    ("RUNTIME_TIMEOUT", "30"),
];
