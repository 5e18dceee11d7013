//! Why a program that serves cannot start, or stops.

use domain::settings::SettingError;
use thiserror::Error;

use crate::config::ConfigError;
use crate::store::{Right, StoreOpenError};

/// Why a function cannot start, or stops.
#[derive(Debug, Error)]
pub enum HostError {
    /// Settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A page cannot work with the settings.
    #[error(transparent)]
    Page(#[from] SettingError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// The store does not permit an operation that koohook needs.
    #[error("KOOHOOK_STORE: permission `{}` is missing: {text}", right.as_str())]
    Right {
        /// The missing permission.
        right: Right,
        /// The fault, and what to do.
        text: String,
    },
    /// koohook cannot listen on the address.
    #[error("KOOHOOK_LISTEN must be a free address like 127.0.0.1:8000: {0}")]
    Listen(std::io::Error),
    /// koohook cannot listen on the address for metrics.
    #[error(
        "KOOHOOK_METRICS_LISTEN must be a free address like 127.0.0.1:9464: {0}; if another koohook on \
         this machine has it, give this one another port"
    )]
    MetricsListen(std::io::Error),
    /// The host's runtime failed.
    #[error(
        "system call failed: {0}; check the limits of this process: memory, threads, open files"
    )]
    Io(#[from] std::io::Error),
    /// Lambda's runtime failed.
    #[error(
        "lambda runtime fails: {0}; run this program on AWS Lambda, and read the function's log"
    )]
    Lambda(String),
    /// Vercel's runtime failed.
    #[error(
        "vercel runtime fails: {0}; free the port in VERCEL_DEV_PORT, or 3000 if it is not set; if too many files \
         are open, allow more of them or send fewer calls at once"
    )]
    Vercel(String),
    /// The program was built for another host.
    #[error("this program was built for another platform; build it with --features {0}")]
    NotCompiledIn(&'static str),
}
