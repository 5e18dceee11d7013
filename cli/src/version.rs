//! What `koohook --version` prints.
//!
//! `koohook package` passes the commit to its build, in `KOOHOOK_COMMIT`. A build script that asks git would
//! not see a file that was changed after it ran, so other builds say nothing about the commit.

use std::env::consts;
use std::sync::LazyLock;

use shell::store::AnyStore;

/// The version, the commit, the platform and the stores.
pub static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let (version, commit) = (env!("CARGO_PKG_VERSION"), short(COMMIT));
    let platform = format!("{}-{}", consts::ARCH, consts::OS);
    format!("{version} (commit {commit}, {platform}; stores: {})", AnyStore::KINDS.join(", "))
});

/// The commit with eight digits, and its mark if files had been changed.
fn short(commit: Option<&str>) -> String {
    let Some(commit) = commit.filter(|commit| !commit.is_empty()) else {
        return "unknown".to_owned();
    };
    let (digits, mark) = commit.split_at(commit.find('+').unwrap_or(commit.len()));
    format!("{}{mark}", digits.get(..SHORT).unwrap_or(digits))
}

const COMMIT: Option<&str> = option_env!("KOOHOOK_COMMIT");
/// The digits that a person compares.
const SHORT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_short_and_keeps_its_mark() {
        let commit = "0117368a5c9d1f2e3b4a59687786950a1b2c3d4e";
        assert_eq!(short(Some(commit)), "0117368a");
        assert_eq!(short(Some(&format!("{commit}+changes"))), "0117368a+changes");
        assert_eq!(short(Some("v1")), "v1");
        assert_eq!(short(Some("")), "unknown");
        assert_eq!(short(None), "unknown");
    }
}
