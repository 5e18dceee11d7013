//! `koohook logs`: which lines it prints, and how.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::{Finished, Folder};

const EVENTS: [&str; 4] = [
    r#"{"timestamp":"2026-11-26T18:31:42.923398Z","level":"INFO","message":"callback","activity":"newInstance","orderId":"CS1","instanceId":"i-1","key":"current","code":"000004","millis":2}"#,
    r#"{"timestamp":"2026-11-26T18:31:47.1Z","level":"WARN","message":"notice offered","orderId":"CS1","instanceId":"i-1","type":"instance.created","sequence":1,"attempt":2,"status":500,"advice":"check the product's log"}"#,
    r#"{"timestamp":"2026-11-26T18:31:48Z","level":"INFO","message":"callback","activity":"newInstance","orderId":"CS2","tenantId":"租户","requestId":"r-2","code":"000000","millis":2}"#,
    r#"{"timestamp":"2026-11-26T18:31:49Z","level":"ERROR","message":"panicked","place":"a.rs:1:1"}"#,
];

/// A log with lines of platforms, with broken lines and with lines of other programs.
fn with_log() -> Folder {
    let folder = Folder::new();
    let [first, second, third, fourth] = EVENTS;
    let broken = first.split_at(50).0;
    let text = format!(
        "{first}\nkoohook-1  | {second}\n{broken}\n\nbare \u{1b}[31mtext \u{202e}\n{third}\r\n\
         2026-11-26T18:31:49.5Z {fourth}"
    );
    let bytes = [text.as_bytes(), b"\nnot \xff UTF-8\n"].concat();
    folder.write("koohook.log", &bytes);
    folder
}

fn logs(folder: &Folder, arguments: &[&str]) -> Finished {
    let mut command = folder.command(&[&["logs", "koohook.log"], arguments].concat());
    Finished::of(command.env("TZ", "Asia/Shanghai").output().unwrap())
}

#[test]
fn every_line_of_a_log_is_printed_for_a_person() {
    let done = logs(&with_log(), &[]);
    done.check(0, "", "");
    let lines: Vec<&str> = done.out.lines().collect();
    let expected = "2026-11-27 02:31:42.923 +08:00 INFO  callback  orderId=CS1  instanceId=i-1  \
                    activity=newInstance  code=000004  millis=2";
    assert_eq!(lines[0], expected);
    assert!(
        lines[1].starts_with("2026-11-27 02:31:47.100 +08:00 WARN  notice offered  orderId=CS1")
    );
    assert!(lines[1].ends_with("status=500  advice=\"check the product's log\""), "{}", lines[1]);
    assert_eq!(lines[2], EVENTS[0].split_at(50).0);
    assert_eq!(lines[3..5], ["", "bare \\u{1b}[31mtext \\u{202e}"]);
    assert!(lines[5].contains("tenantId=租户"), "{}", lines[5]);
    assert_eq!(lines.len(), 8);
    assert!(!done.out.contains('\u{1b}'), "a pipe gets no colours");
}

#[test]
fn options_select_the_lines() {
    let folder = with_log();
    for (arguments, messages) in [
        (&["--order", "CS1"][..], 2),
        (&["--order", "CS1", "--level", "warn"], 1),
        (&["--level", "warn"], 2),
        (&["--level", "WARN"], 2),
        (&["--request", "r-2"], 1),
        (&["--since", "2026-11-27"], 4),
        (&["--until", "2026-11-27"], 0),
        (&["--since", "2026-11-27 02:31:48"], 2),
        (&["--instance", "i-1"], 2),
        (&["--tenant", "租户"], 1),
        (&["--activity", "newInstance"], 2),
        (&["--since", "2026-11-27T02:31:47+08:00", "--until", "2026-11-26T18:31:49Z"], 2),
        (&["--grep", "BARE"], 1),
    ] {
        let done = logs(&folder, arguments);
        done.check(0, "", "");
        assert_eq!(done.out.lines().count(), messages, "{arguments:?}: {}", done.out);
    }
    logs(&folder, &["--order", "CS3"]).check(
        0,
        "",
        "koohook: no line is selected; 8 lines were read",
    );
    logs(&folder, &["--since", "soon"]).check(2, "", "or a span like 1h");
}

#[test]
fn a_day_means_the_day_of_the_time_zone() {
    let done = logs(&with_log(), &["--since", "2026-11-27"]);
    done.check(0, "", "koohook: 2026-11-27 means 2026-11-27 00:00:00 +08:00");
    let done = logs(&with_log(), &["--since", "2026-11-27T00:00+08:00"]);
    assert!(!done.aside.contains("means"), "{}", done.aside);
}

#[test]
fn an_order_selects_the_lines_of_its_instances() {
    let line = |order: &str, id: &str, name: &str| {
        format!(
            "{{\"timestamp\":\"2026-11-26T18:31:48Z\",\"level\":\"INFO\",\"message\":\"{name}\",\
             \"orderId\":\"{order}\",\"instanceId\":\"{id}\"}}\n"
        )
    };
    let named = line("CS1", "i-1", "offer").replace("}", ",\"noticeOrderId\":\"CSR9\"}");
    let text = [
        line("CS1", "i-1", "purchase"),
        line("CS2", "i-2", "other"),
        line("CSR1", "i-1", "renewal"),
        line("CS1", "i-1", "later"),
        named,
    ];
    let folder = Folder::new();
    let path = folder.write("koohook.log", text.concat().as_bytes());
    for (arguments, count, hint) in [
        (&["--order", "CSR1"][..], 4, "3 lines name only the instance (i-1); --exact leaves"),
        (&["--order", "CS1"], 4, "1 line names only the instance"),
        (&["--order", "CSR1", "--exact"], 1, ""),
        (&["--order", "CSR9", "--exact"], 1, ""),
        (&["--order", "CS2"], 1, ""),
        (&["--order", "CS1", "--grep", "renewal"], 1, ""),
    ] {
        let done = logs(&folder, arguments);
        done.check(0, "", hint);
        assert_eq!(done.out.lines().count(), count, "{arguments:?}: {}", done.out);
        assert!(!hint.is_empty() || count == 1, "{}", done.aside);
    }
    // A pipe is read once: what was before the order's first line is not known.
    let mut command = folder.command(&["logs", "-", "--order", "CSR1"]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&std::fs::read(path).unwrap()).unwrap();
    drop(writer);
    let done = Finished::of(command.stdin(reader).output().unwrap());
    assert_eq!(done.out.lines().count(), 3, "{}", done.out);
}

#[test]
fn technical_fields_are_only_printed_on_demand() {
    let folder = with_log();
    assert!(!logs(&folder, &[]).out.contains("key=current"));
    logs(&folder, &["--all-fields"]).check(0, "  key=current", "");
    logs(&folder, &["-o", "json"]).check(0, "\"key\":\"current\"", "");
}

#[test]
fn json_is_what_the_log_has() {
    let folder = with_log();
    let done = logs(&folder, &["-o", "json"]);
    done.check(0, "", "");
    assert_eq!(done.out.lines().collect::<Vec<_>>(), EVENTS);
    let one = logs(&folder, &["-o", "json", "--order", "CS2"]);
    assert_eq!(serde_json::from_str::<Value>(&one.out).unwrap()["code"], "000000");
}

#[test]
fn colours_are_used_if_the_operator_wants_them() {
    let folder = with_log();
    let done = logs(&folder, &["--color", "always", "--level", "error"]);
    assert!(done.out.contains("\u{1b}[31mERROR\u{1b}[0m"), "{:?}", done.out);
}

#[test]
fn several_files_and_a_pipe_are_read_in_order() {
    let folder = with_log();
    folder.write("other.log", EVENTS[3].as_bytes());
    let pipe = File::open(folder.0.path().join("koohook.log")).unwrap();
    let mut command = folder.command(&["logs", "other.log", "-", "-o", "json"]);
    let done = Finished::of(command.stdin(pipe).output().unwrap());
    let [first, second, third, fourth] = EVENTS;
    let expected = [fourth, first, second, third, fourth];
    assert_eq!(done.out.lines().collect::<Vec<_>>(), expected);
    folder.run(&["logs", "no.log"]).check(1, "", "no.log: file cannot be read");
    folder.run(&["logs", "-f", "other.log", "-"]).check(1, "", "-f follows one file");
    let done = folder.run_unread(&["logs", "other.log"]);
    assert_eq!((done.code, done.aside.as_str()), (Some(0), ""));
}

#[test]
fn new_lines_of_a_growing_file_are_printed() {
    let folder = with_log();
    let mut command = folder.command(&["logs", "-f", "koohook.log", "-o", "json"]);
    let mut following = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let first: Vec<_> = lines.by_ref().take(4).map(Result::unwrap).collect();
    assert_eq!(first, EVENTS);
    let mut file = File::options().append(true).open(folder.0.path().join("koohook.log")).unwrap();
    let (begin, end) = EVENTS[1].split_at(40);
    file.write_all(begin.as_bytes()).unwrap();
    file.write_all(format!("{end}\n").as_bytes()).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), EVENTS[1]);
    following.kill().unwrap();
    following.wait().unwrap();
}

#[test]
fn following_ends_without_an_error_if_the_reader_goes_away() {
    let folder = with_log();
    let mut command = folder.command(&["logs", "-f", "koohook.log", "-o", "json"]);
    let mut following = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), EVENTS[0]);
    drop(lines);
    let mut file = File::options().append(true).open(folder.0.path().join("koohook.log")).unwrap();
    writeln!(file, "{}", EVENTS[1]).unwrap();
    Finished::of(following.wait_with_output().unwrap()).check(0, "", "");
}
