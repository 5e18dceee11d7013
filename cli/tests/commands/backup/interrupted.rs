//! Backups and restores that were interrupted.

use std::fs;
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

fn part(folder: &Folder) -> std::path::PathBuf {
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

/// SIGKILL ends the process at a place that the test does not choose; whatever the place, both commands
/// finish when they run again.
#[test]
fn killed_commands_finish_when_they_run_again() {
    let folder = large();
    for round in 0..6 {
        let mut child = folder
            .command(&["store", "backup", "a.backup", "--store", SOURCE])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The file grows from nothing to more than a page.
        let enough = round * 20_000;
        while fs::metadata(part(&folder)).map_or(0, |it| it.len()) < enough {
            if child.try_wait().unwrap().is_some() {
                break;
            }
        }
        let _ = child.kill();
        child.wait().unwrap();
        if part(&folder).exists() {
            backup(&folder, "a.backup", &["--resume"]).check(0, "300 values copied", "");
        } else if !folder.0.path().join("a.backup").exists() {
            backup(&folder, "a.backup", &[]).check(0, "300 values copied", "");
        }
        folder.run(&["store", "verify", "a.backup"]).check(0, "whole: 300 values", "");
        fs::remove_file(folder.0.path().join("a.backup")).unwrap();
    }
    backup(&folder, "a.backup", &[]).check(0, "", "");
    for round in 0..6_u64 {
        let mut child = folder
            .command(&["store", "restore", "a.backup", "--store", TARGET])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let wal = folder.0.path().join("new.db-wal");
        while fs::metadata(&wal).map_or(0, |it| it.len()) < (round + 1) * 200_000 {
            if child.try_wait().unwrap().is_some() {
                break;
            }
        }
        let _ = child.kill();
        child.wait().unwrap();
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
