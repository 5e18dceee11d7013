//! What `koohook`'s commands print, and to whom: data to a pipe, advice to people, and nothing to
//! a reader that went away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected fails, and says where"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, pipe};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A folder with a store in it, where commands run.
struct Folder(TempDir);

/// What a command did.
struct Done {
    code: Option<i32>,
    out: String,
    aside: String,
}

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder whose store has three instances.
    fn with_instances() -> Self {
        let folder = Self::new();
        let rows: Vec<_> = (1..=3).map(|number| row(number, "active")).collect();
        folder.write("rows.jsonl", rows.concat().as_bytes());
        assert_eq!(folder.run(&["import", "rows.jsonl"]).code, Some(0));
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koohook"));
        command.args(arguments).current_dir(self.0.path()).env_clear().stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().unwrap())
    }

    /// Runs a command whose standard output has no reader.
    fn run_unread(&self, arguments: &[&str]) -> Done {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = self.command(arguments);
        // Without it the command says which store it takes.
        command.env("KOOHOOK_STORE", "sqlite:koohook.db").stdout(writer);
        Done::of(command.output().unwrap())
    }
}

impl Done {
    fn of(Output { status, stdout, stderr }: Output) -> Self {
        let [out, aside] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        Self { code: status.code(), out, aside }
    }

    #[track_caller]
    fn check(&self, code: i32, out: &str, aside: &str) {
        let Self { code: ended, out: printed, aside: told } = self;
        let what = format!("{ended:?}\n{printed}\n{told}");
        assert_eq!(*ended, Some(code), "{what}");
        assert!(printed.contains(out), "{what}");
        assert!(told.contains(aside), "{what}");
        assert!(!told.contains("panicked"), "{what}");
    }
}

fn row(number: usize, state: &str) -> String {
    format!(
        "{{\"instanceId\":\"i-{number}\",\"orderId\":\"CS{number}\",\"state\":\"{state}\",\
         \"frontEndUrl\":\"https://a.example\",\"password\":\"canary\"}}\n"
    )
}

#[test]
fn a_reader_that_goes_away_ends_the_printing_quietly() {
    let folder = Folder::with_instances();
    let key = folder.run(&["keys", "new", "--out", "key.pem"]);
    key.check(0, "MII", "Public key");
    let commands: [&[&str]; 11] = [
        &["--help"],
        &["--version"],
        &["import", "--help"],
        &["import", "--dry-run", "rows.jsonl"],
        &["notices", "list", "--instance", "i-1"],
        &["notices", "show", "--instance", "i-1"],
        &["notices", "replay"],
        &["keys", "seal", "key.pem", "text"],
        &["store", "check", "sqlite:koohook.db"],
        &["store", "create", "sqlite:koohook.db"],
        &["send", "--v2", "--curl", "--key", "constructed-base-key-0001", "queryInstance"],
    ];
    for arguments in commands {
        let done = folder.run_unread(arguments);
        assert_eq!((done.code, done.aside.as_str()), (Some(0), ""), "{arguments:?}");
    }
    folder.run_unread(&["keys", "public", "key.pem"]).check(0, "", "Public key");
}

/// `koohook keys public key.pem >public.txt` makes a file to paste whole.
#[test]
fn keys_alone_go_to_the_standard_output() {
    let folder = Folder::new();
    let made = folder.run(&["keys", "new", "--out", "key.pem"]);
    made.check(0, "MII", "KOOHOOK_RSA_PRIVATE_KEY_FILE=key.pem");
    let shown = folder.run(&["keys", "public", "key.pem"]);
    shown.check(0, "MII", "paste");
    assert_eq!(shown.out, made.out);
    assert_eq!(shown.out.lines().count(), 1);
    assert!(shown.out.trim_end().bytes().all(|byte| !byte.is_ascii_whitespace()));
}

/// What the command writes, it writes whole.
#[test]
fn an_import_without_a_reader_is_whole() {
    let folder = Folder::new();
    let rows: Vec<_> = (1..=50).map(|number| row(number, "active")).collect();
    folder.write("rows.jsonl", rows.concat().as_bytes());
    folder.run_unread(&["import", "rows.jsonl"]).check(0, "", "");
    folder.run(&["import", "rows.jsonl"]).check(0, "50 exist already, as the file says", "");
}

#[test]
fn an_import_of_no_rows_warns() {
    let folder = Folder::new();
    for text in ["", "\n", "instanceId,orderId\n"] {
        folder.write("none.csv", text.as_bytes());
        let done = folder.run(&["import", "none.csv"]);
        done.check(
            0,
            "0 rows in all",
            "koohook: none.csv holds no rows: check that it is the file",
        );
    }
}

/// A secret that the reader did not get exists nowhere else.
#[test]
fn a_secret_that_was_not_read_is_an_error() {
    let folder = Folder::new();
    for arguments in [["keys", "secret", "seal"].as_slice(), &["keys", "new"]] {
        folder.run_unread(arguments).check(1, "", "the reader went away");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::with_instances();
    for arguments in [["notices", "list"].as_slice(), &["import", "rows.jsonl"], &["--help"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let done = Done::of(folder.command(arguments).stdout(full).output().unwrap());
        done.check(1, "", "the standard output cannot be written: No space left on device");
    }
}

#[test]
fn an_error_that_no_one_reads_is_no_panic() {
    let folder = Folder::new();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let done = folder.command(&["notices", "list"]).stderr(writer).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
}

#[test]
fn each_row_of_an_import_is_counted_once_and_a_dry_run_foresees_it() {
    let folder = Folder::with_instances();
    let rows = [row(1, "active"), row(2, "frozen"), row(4, "active"), row(5, "active")];
    folder.write("more.jsonl", rows.concat().as_bytes());
    let dry = folder.run(&["import", "--dry-run", "more.jsonl"]);
    dry.check(1, "line 2: i-2: exists already, and differs in state", "");
    let wet = folder.run(&["import", "more.jsonl"]);
    wet.check(1, "1 exist already, differ from the file", "");
    assert_eq!(dry.out.replace("would be imported", "imported"), wet.out);
    assert!(wet.out.ends_with("4 rows in all\n"), "{}", wet.out);
    let again = folder.run(&["import", "more.jsonl"]);
    again.check(1, "3 exist already, as the file says", "");
    assert!(![dry, wet, again].iter().any(|done| done.out.contains("canary")));
}

#[test]
fn nothing_is_written_if_a_row_is_rejected() {
    let folder = Folder::new();
    folder.write("rows.jsonl", [row(1, "active"), row(2, "gone")].concat().as_bytes());
    for arguments in [["import", "--dry-run", "rows.jsonl"].as_slice(), &["import", "rows.jsonl"]] {
        let done = folder.run(arguments);
        done.check(1, "line 2: state is not active, frozen or released", "");
        let counts = "1 rejected: the lines above say why\n\
                      1 accepted, but not written, since other rows were rejected\n2 rows in all\n";
        assert!(done.out.ends_with(counts), "{}", done.out);
    }
    assert!(!folder.0.path().join("koohook.db").exists());
}

#[test]
fn a_file_that_cannot_be_imported_is_refused_with_what_to_do() {
    let folder = Folder::new();
    let folder_name = folder.0.path().to_str().unwrap().to_owned();
    folder.run(&["import", "none.csv"]).check(1, "", "no such file: check the name");
    folder.run(&["import", &folder_name]).check(1, "", "is a folder: name a file in it");
    let files: [(&str, &[u8], &str); 6] = [
        ("book.csv", b"PK\x03\x04\x14\0", "save it as CSV UTF-8"),
        ("array.json", b"[{\"instanceId\":\"i-1\"}]", "write one object a line"),
        ("bad.csv", b"instanceId,orderId\ni-1,\xff\n", "line 2 holds a byte that is neither"),
        ("columns.csv", b"instanceId,order\ni-1,CS1\ni-2,CS2\n", "unknown column `order`"),
        ("row.csv", b"i-1,CS1,canary\n", "the first line names no column"),
        ("lines.jsonl", b"{\"instanceId\":\"i-1\",\"pass\":\"canary\"}\n", "unknown column `pass`"),
    ];
    for (name, bytes, expected) in files {
        folder.write(name, bytes);
        let done = folder.run(&["import", name]);
        done.check(1, "", expected);
        assert_eq!(done.aside.matches(expected).count(), 1, "{}", done.aside);
        assert!(!done.aside.contains("canary"), "{}", done.aside);
    }
}

/// Excel and WPS in China save so.
#[test]
fn a_file_of_a_chinese_spreadsheet_is_imported() {
    let folder = Folder::new();
    let head = b"instanceId;orderId;frontEndUrl;memo\r\n".as_slice();
    let gbk = [head, b"i-1;CS1;https://a.example;\xb1\xb8\xd7\xa2\r\n;;;\r\n"].concat();
    folder.write("gbk.csv", &gbk);
    folder.run(&["import", "gbk.csv"]).check(0, "1 imported", "read as GB18030 (GBK)");
    let text =
        "\u{feff}instanceId\torderId\tfrontEndUrl\tmemo\r\ni-1\tCS1\thttps://a.example\t备注\r\n";
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("unicode.txt", &utf_16);
    let done = folder.run(&["import", "unicode.txt"]);
    done.check(0, "1 exist already, as the file says", "read as UTF-16");
    let marked = [b"\xef\xbb\xbf".as_slice(), row(2, "active").as_bytes()].concat();
    folder.write("marked.jsonl", &marked);
    folder.run(&["import", "marked.jsonl"]).check(0, "1 imported", "");
}

#[test]
fn notices_are_data_alone() {
    let folder = Folder::with_instances();
    let shown = folder.run(&["notices", "show", "--instance", "i-1"]);
    shown.check(0, "", "");
    assert_eq!(serde_json::from_str::<Value>(&shown.out).unwrap(), Value::Array(Vec::new()));
    let listed = folder.run(&["notices", "list"]);
    listed.check(0, "", "without a product address they stay with their instance");
    assert_eq!(listed.out, "0 notices\n");
}

#[test]
fn what_is_not_there_or_does_not_open_is_an_error() {
    let folder = Folder::new();
    folder.run(&["notices", "list"]).check(1, "", "KOOHOOK_STORE: the file does not exist");
    let folder = Folder::with_instances();
    for command in ["list", "show", "replay"] {
        let done = folder.run(&["notices", command, "--instance", "i-9"]);
        done.check(1, "", "instance i-9 is unknown here: check the ID");
        assert_eq!(done.out, "");
        let done = folder.run(&["notices", command, "--since", "2026-11-26T08:00:00"]);
        done.check(2, "", "a time with its offset from UTC");
    }
}

#[test]
fn another_seal_key_is_named_by_its_setting() {
    let folder = Folder::new();
    folder.write("rows.jsonl", row(1, "active").as_bytes());
    let run = |arguments: &[&str], letter: char| {
        let key = format!("{}=", letter.to_string().repeat(43));
        Done::of(folder.command(arguments).env("KOOHOOK_SEAL_KEY", key).output().unwrap())
    };
    run(&["import", "rows.jsonl"], 'A').check(0, "1 imported", "");
    let commands: [&[&str]; 3] = [
        &["notices", "show", "--instance", "i-1"],
        &["import", "--dry-run", "rows.jsonl"],
        &["import", "rows.jsonl"],
    ];
    for arguments in commands {
        let done = run(arguments, 'E');
        done.check(
            1,
            "",
            "add the key that the store was sealed with to KOOHOOK_SEAL_KEY_PREVIOUS",
        );
    }
}

/// Another folder, with a copy of the database's file and of nothing else.
fn copy_of(folder: &Folder) -> Folder {
    let copy = Folder::new();
    fs::copy(folder.0.path().join("koohook.db"), copy.0.path().join("koohook.db")).unwrap();
    copy
}

#[test]
fn a_command_that_ended_leaves_one_file_that_holds_all() {
    let folder = Folder::with_instances();
    let beside = |ending: &str| folder.0.path().join(format!("koohook.db{ending}")).exists();
    assert!(!beside("-wal") && !beside("-shm"));
    copy_of(&folder).run(&["notices", "show", "--instance", "i-3"]).check(0, "[]", "");
    folder.run(&["store", "check", "sqlite:koohook.db"]).check(0, "as it should be", "");
    assert!(!beside("-wal") && !beside("-shm"));
}

#[test]
fn a_check_of_an_empty_file_leaves_it_empty() {
    let folder = Folder::new();
    let path = folder.write("koohook.db", b"");
    folder.run(&["store", "check", "sqlite:koohook.db"]).check(0, "the file is empty", "");
    assert_eq!(fs::read(path).unwrap(), b"");
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1, "and nothing is beside it");
}

#[test]
fn a_server_that_was_stopped_leaves_one_file_that_holds_all() {
    for (arguments, signal) in [(["serve"], "TERM"), (["dev"], "TERM"), (["serve"], "INT")] {
        let folder = Folder::new();
        let mut command = folder.command(&arguments);
        command
            .env("KOOHOOK_BASE_KEY", "constructed-base-key-0001")
            .env("KOOHOOK_APP_INFO", r#"{"frontEndUrl":"https://a.example"}"#);
        command.env("KOOHOOK_STORE", "sqlite:koohook.db").env("KOOHOOK_LISTEN", "127.0.0.1:0");
        let mut server =
            command.env("KOOHOOK_SEAL_KEY", SEAL_KEY).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("\"listen\"")), "{arguments:?}");
        assert!(folder.0.path().join("koohook.db-wal").exists());
        let sent = Command::new("kill").args(["-s", signal, &server.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert!(server.wait().unwrap().success(), "{arguments:?}");
        let copy = copy_of(&folder);
        let mut check = copy.command(&["store", "check", "sqlite:koohook.db"]);
        let done = Done::of(check.env("KOOHOOK_SEAL_KEY", SEAL_KEY).output().unwrap());
        done.check(0, "seal    ok", "");
    }
}

/// The log says why, and no line of it is data.
#[test]
fn a_server_that_is_down_is_an_error_and_nothing_on_the_standard_output() {
    let folder = Folder::new();
    folder.write("rows.jsonl", row(1, "active").as_bytes());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let redis = format!("redis://{address}");
    let dynamodb = format!("dynamodb://koohook?region=eu-test-1&endpoint=http://{address}");
    for (store, expected) in [
        (&redis, "nothing listens at its address; start it, or correct the host and the port"),
        (&dynamodb, "check that the server runs and that KOOHOOK_STORE names it"),
    ] {
        let commands: [&[&str]; 3] =
            [&["notices", "list"], &["notices", "show"], &["import", "rows.jsonl"]];
        for arguments in commands {
            let settings = [
                ("KOOHOOK_STORE", store.as_str()),
                ("KOOHOOK_SEAL_KEY", SEAL_KEY),
                ("AWS_ACCESS_KEY_ID", "constructed"),
                ("AWS_SECRET_ACCESS_KEY", "constructed"),
            ];
            let done = Done::of(folder.command(arguments).envs(settings).output().unwrap());
            done.check(1, "", expected);
            assert_eq!(done.out, "");
        }
    }
}
