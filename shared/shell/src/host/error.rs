//! Why a program that serves does not start, or stops.

use domain::settings::SettingError;
use thiserror::Error;

use crate::config::ConfigError;
use crate::store::{Right, StoreOpenError};

/// Why a function does not start, or stops.
#[derive(Debug, Error)]
pub enum HostError {
    /// Settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A page cannot work under the settings.
    #[error(transparent)]
    Page(#[from] SettingError),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// The store refuses what koohook does in it.
    #[error("KOOHOOK_STORE: the right to {} is missing: {text}", right.as_str())]
    Right {
        /// What it refuses.
        right: Right,
        /// Why, and what to do.
        text: String,
    },
    /// The address cannot be listened on.
    #[error("KOOHOOK_LISTEN wants a free address like 127.0.0.1:8000: {0}")]
    Listen(std::io::Error),
    /// The host's runtime fails.
    #[error("host fails: {0}")]
    Io(#[from] std::io::Error),
    /// Lambda's runtime gives up.
    #[error("lambda runtime fails: {0}")]
    Lambda(String),
    /// The program was built for another host.
    #[error("this program was built for another platform: build it with --features {0}")]
    NotCompiledIn(&'static str),
}
