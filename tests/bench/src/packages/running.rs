//! A packaged function in its process, as FunctionGraph starts it.

use std::path::Path;
use std::process::Command;

use http::Response;
use tests::call::{PRODUCT_SECRET, SETTINGS};

use super::calls::{FunctionCall, KIT_KEY};
use crate::connection::KeptConnection;
use crate::host::MeasuredHost;
use crate::outcome::Result;
use crate::running_function::RunningFunction;
use crate::stores::SEAL_KEY;

/// A running function, and the way to call it.
pub enum RunningPackage {
    /// The platform calls an HTTP function.
    Http(MeasuredHost, KeptConnection),
    /// A function with a timer asks the platform's runtime for events.
    Timer(RunningFunction),
}

impl RunningPackage {
    /// Starts a program with settings. An HTTP function then listens.
    pub fn start(program: &Path, settings: &[(&str, &str)], is_timer: bool) -> Result<Self> {
        let mut command = Command::new(program);
        command.env_clear().envs(settings.iter().copied()).envs(PLATFORM);
        if is_timer {
            let function = RunningFunction::spawn(&mut command, "RUNTIME_API_ADDR")?;
            return Ok(Self::Timer(function));
        }
        let mut host = MeasuredHost::spawn(&mut command, "KOOHOOK_LISTEN")?;
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
            Self::Timer(function) => {
                let answer = function.send(request.into_body())?;
                Ok((answer.millis, Response::new(answer.body)))
            }
        }
    }

    /// The peak memory of the process, in MiB.
    pub fn peak_mib(&self) -> Result<f64> {
        let kib = match self {
            Self::Http(host, _) => host.peak_kib()?,
            Self::Timer(function) => function.peak_kib()?,
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
        ]),
        _ => {}
    }
    settings
}

/// Variables that FunctionGraph sets for every function.
const PLATFORM: [(&str, &str); 3] = [
    ("RUNTIME_FUNC_NAME", "function"),
    ("RUNTIME_CODE_ROOT", "/opt/function/code"),
    ("RUNTIME_TIMEOUT", "30"),
];
