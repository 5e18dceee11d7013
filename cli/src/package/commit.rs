//! The commit of the clone from which packages are made.

use std::path::Path;
use std::process::Command;

/// The commit of a clone, with a mark if files of the packages are not committed.
///
/// In a source archive there is none: the variable `KOOHOOK_COMMIT` can name it.
pub fn of(root: &Path) -> Option<String> {
    let named = std::env::var("KOOHOOK_COMMIT").ok().filter(|commit| !commit.is_empty());
    named.or_else(|| from_git(root))
}

fn from_git(root: &Path) -> Option<String> {
    // The second line is empty if the clone is this folder, and not one above it.
    let printed = git(root, &["rev-parse", "HEAD", "--show-prefix"])?;
    let (commit, prefix) = printed.split_once('\n')?;
    let changes = git(root, &[&["status", "--porcelain", "--"], PACKAGED].concat())?;
    let mark = if changes.is_empty() { "" } else { "+changes" };
    prefix.trim().is_empty().then(|| format!("{commit}{mark}"))
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let done = Command::new("git").current_dir(root).args(arguments).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
}

/// What packages are made of. A changed test, or a folder for packages, changes no package.
const PACKAGED: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "README.zh-CN.md",
    "cli",
    "deploy",
    "docs",
    "functions",
    "shared",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Git is the judge, in a clone that has one commit.
    #[test]
    fn a_changed_file_marks_the_commit() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(from_git(root), None);
        std::fs::create_dir(root.join("docs")).unwrap();
        for part in PACKAGED.iter().filter(|part| **part != "docs") {
            std::fs::write(root.join(part), "made up").unwrap();
        }
        std::fs::write(root.join("docs/page.md"), "made up").unwrap();
        let by = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "made up"]] {
            git(root, &[&by, arguments].concat()).unwrap();
        }
        let commit = git(root, &["rev-parse", "HEAD"]).unwrap().trim().to_owned();
        std::fs::create_dir(root.join("dist")).unwrap();
        std::fs::write(root.join("dist/receive.zip"), "made up").unwrap();
        assert_eq!(from_git(root), Some(commit.clone()));
        assert_eq!(from_git(&root.join("docs")), None, "a folder in a clone is no clone");
        std::fs::write(root.join("docs/page.md"), "changed").unwrap();
        assert_eq!(from_git(root), Some(format!("{commit}+changes")));
    }
}
