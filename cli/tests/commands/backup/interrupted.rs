//! Backups and restores that were interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{SOURCE, TARGET, backup, restore};
use crate::{Finished, Folder, row};

/// A folder whose store needs several pages.
fn large() -> Folder {
    let folder = Folder::new();
    let rows: String = (1..=150).map(|number| row(number, "active")).collect();
    folder.write("rows.jsonl", rows.as_bytes());
    assert_eq!(folder.run(&["import", "rows.jsonl"]).code, Some(0));
    folder
}

fn part(folder: &Folder) -> PathBuf {
    folder.0.path().join("a.backup.part")
}

/// A backup that ended at any byte is continued, and the result is the same as without the interruption.
#[test]
fn an_interrupted_backup_is_continued_wherever_it_ended() {
    let folder = large();
    backup(&folder, "whole", &[]).check(0, "300 values copied", "");
    let bytes = fs::read(folder.0.path().join("whole")).unwrap();
    let places = bytes.windows(9).filter(|it| *it == b"{\"place\":").count();
    assert!(places >= 2, "{places} places");
    for at in (0..24).map(|part| bytes.len() * part / 24).chain([bytes.len() - 1]) {
        fs::write(part(&folder), &bytes[..at]).unwrap();
        backup(&folder, "a.backup", &["--resume"]).check(0, "300 values copied to a.backup", "");
        assert!(!part(&folder).exists());
        let verified = folder.run(&["store", "verify", "a.backup"]);
        verified.check(0, "whole: 300 values", "");
        fs::remove_file(folder.0.path().join("a.backup")).unwrap();
    }
}

#[test]
fn a_backup_of_another_store_is_not_continued() {
    let folder = large();
    backup(&folder, "whole", &[]).check(0, "", "");
    let bytes = fs::read(folder.0.path().join("whole")).unwrap();
    fs::write(part(&folder), &bytes[..bytes.len() / 2]).unwrap();
    fs::copy(folder.0.path().join("koohook.db"), folder.0.path().join("other.db")).unwrap();
    let other = ["store", "backup", "a.backup", "--resume", "--store", "sqlite:other.db"];
    folder.run(&other).check(1, "", "the interrupted backup is of another store");
    assert_eq!(fs::read(part(&folder)).unwrap(), bytes[..bytes.len() / 2], "the file is kept");
}

/// Starts a command, and ends it with SIGKILL as soon as a file has a length. The test does not choose
/// the place inside the command; whatever the place, the command must finish when it runs again.
fn kill_when(folder: &Folder, arguments: &[&str], file: &Path, enough: u64) {
    let mut command = folder.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while fs::metadata(file).map_or(0, |it| it.len()) < enough {
        if child.try_wait().unwrap().is_some() {
            break;
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_killed_backup_finishes_when_it_runs_again() {
    let folder = large();
    let whole = folder.0.path().join("a.backup");
    for round in 0..6 {
        // The file grows from nothing to more than a page.
        let arguments = ["store", "backup", "a.backup", "--store", SOURCE];
        kill_when(&folder, &arguments, &part(&folder), round * 20_000);
        if part(&folder).exists() {
            backup(&folder, "a.backup", &["--resume"]).check(0, "300 values copied", "");
        } else if !whole.exists() {
            backup(&folder, "a.backup", &[]).check(0, "300 values copied", "");
        }
        folder.run(&["store", "verify", "a.backup"]).check(0, "whole: 300 values", "");
        fs::remove_file(&whole).unwrap();
    }
}

#[test]
fn a_killed_restore_finishes_when_it_runs_again() {
    let folder = large();
    backup(&folder, "a.backup", &[]).check(0, "", "");
    let wal = folder.0.path().join("new.db-wal");
    for round in 1..=6 {
        let arguments = ["store", "restore", "a.backup", "--store", TARGET];
        kill_when(&folder, &arguments, &wal, round * 200_000);
    }
    let done = restore(&folder, "a.backup", &[]);
    done.check(0, "0 differ\nverified: 300 values read back and equal\n", "");
}

/// The limit on the length of files stands for a full disk.
#[test]
fn a_backup_on_a_full_disk_is_continued_when_there_is_room() {
    let folder = large();
    let koohook = env!("CARGO_BIN_EXE_koohook");
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec {koohook} store backup a.backup --store {SOURCE}"
    );
    let mut limited = std::process::Command::new("bash");
    limited
        .args(["-c", &script])
        .current_dir(folder.0.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    let full = Finished::of(limited.output().unwrap());
    full.check(1, "", "a.backup.part: file cannot be written: ");
    assert!(full.aside.contains("run this command again with --resume"), "{}", full.aside);
    assert!(!folder.0.path().join("a.backup").exists());
    backup(&folder, "a.backup", &["--resume"]).check(0, "300 values copied", "");
    folder.run(&["store", "verify", "a.backup"]).check(0, "whole: 300 values", "");
}
