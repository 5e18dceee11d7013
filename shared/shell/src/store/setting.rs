//! `KOOHOOK_STORE`: which store, and how to reach it. Every program parses all stores, so that a
//! program that was built without one can report that.

mod dynamodb;
mod redis;
mod sqlite;

use protocol::text::unseen;

pub use self::dynamodb::DynamodbSetting;
pub use self::redis::RedisSetting;
pub use self::sqlite::SqlitePath;
#[cfg(feature = "sqlite")]
pub(super) use self::sqlite::beside;

/// The parsed `KOOHOOK_STORE`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoreSetting {
    /// `memory:`
    Memory,
    /// `sqlite:PATH`
    Sqlite {
        /// The file's path.
        path: SqlitePath,
        /// Whether the seller accepts a disk that may be lost.
        durability: Durability,
    },
    /// `redis://…`, and the other schemes of Redis.
    Redis(RedisSetting),
    /// `dynamodb://TABLE?region=…`
    Dynamodb(DynamodbSetting),
}

/// The durability that a seller requires of a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// The data must outlive the host.
    Required,
    /// `?durability=any`: the data may be lost.
    Any,
}

impl StoreSetting {
    /// Reads the setting. The error states what is wrong, without the value.
    ///
    /// # Errors
    /// If the scheme is unknown, or the text after it is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if has_unseen(text) {
            return Err(UNSEEN);
        }
        if text.trim() != text {
            return Err("has a blank around it; remove it");
        }
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        if let Some(setting) = RedisSetting::parse(text) {
            return setting.map(Self::Redis);
        }
        if let Some(rest) = text.strip_prefix("dynamodb://") {
            return DynamodbSetting::parse(rest).map(Self::Dynamodb);
        }
        let Some(rest) = text.strip_prefix("sqlite:") else {
            return Err("is not a store; write memory:, sqlite:PATH, redis://HOST:PORT or \
                 dynamodb://TABLE?region=REGION");
        };
        let (path, durability) = SqlitePath::parse(rest)?;
        Ok(Self::Sqlite { path, durability })
    }

    /// The kind of the store and its place, without a user or a password.
    pub fn place(&self) -> String {
        match self {
            Self::Memory => "memory".to_owned(),
            Self::Sqlite { path, .. } => format!("sqlite {}", path.as_path().display()),
            Self::Redis(setting) => format!("redis {}", setting.place()),
            Self::Dynamodb(DynamodbSetting { table, region, .. }) => {
                format!("dynamodb {table} in {region}")
            }
        }
    }

    /// Whether the stored bytes stay on this machine.
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Memory | Self::Sqlite { .. } => true,
            Self::Redis(_) | Self::Dynamodb(_) => false,
        }
    }
}

/// Whether a character of a setting is invisible, or looks like another one. Wide blanks do not
/// count: a path may contain them, and blanks at its ends have a separate error.
fn has_unseen(text: &str) -> bool {
    let is_wide = |letter: char| {
        letter.is_whitespace() && !letter.is_control() && !matches!(letter, '\u{2028}' | '\u{2029}')
    };
    text.split(is_wide).any(|part| unseen(part).is_some())
}

const UNSEEN: &str =
    "has an invisible character, such as a line end or a byte-order mark; remove it";
