//! Where the relay sends usage, and the keys that sign it (decision J3).

use std::sync::Arc;

use domain::usage::KeyMark;
use protocol::access_key::{AccessKey, Keyring};
use protocol::open_api::OpenApiHost;

use crate::open_api_key::OpenApiKey;

/// Whether this process sends usage.
#[derive(Debug)]
pub enum UsageSending {
    /// It does.
    To(Box<UsageSender>),
    /// It has no base key. An operator should set one where the relay runs.
    WithoutKey,
    /// It does not: `koohook dev` has no host, and must not send to the real marketplace.
    Off,
}

impl UsageSending {
    /// Whether this process sends usage.
    pub const fn is_on(&self) -> bool {
        match self {
            Self::To(_) => true,
            Self::WithoutKey | Self::Off => false,
        }
    }
}

/// Where usage goes, and the keys that sign it.
#[derive(Debug)]
pub struct UsageSender {
    /// The marketplace's host.
    pub host: OpenApiHost,
    /// The keys of the base interfaces.
    pub keys: Keyring,
    /// The seller's access key of the open APIs, if it signs usage as well
    /// (`KOOHOOK_USAGE_AKSK`).
    pub key: Option<Arc<OpenApiKey>>,
}

/// One of the two base keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BaseKey {
    Current,
    Previous,
}

impl UsageSender {
    /// A key. If there is no previous key, the current one.
    pub(crate) fn base_key(&self, which: BaseKey) -> &AccessKey {
        let Keyring { current, previous } = &self.keys;
        match which {
            BaseKey::Current => current,
            BaseKey::Previous => previous.as_ref().unwrap_or(current),
        }
    }

    /// Names a key at this host.
    pub(crate) fn mark(&self, which: BaseKey) -> KeyMark {
        KeyMark::new(self.base_key(which), &self.host)
    }

    /// Names the previous key at this host, if there is one.
    pub(crate) fn mark_of_previous(&self) -> Option<KeyMark> {
        self.keys.previous.as_ref().map(|key| KeyMark::new(key, &self.host))
    }
}
