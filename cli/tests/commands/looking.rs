//! Checks what `koohook instances`, `tenants` and `applications` find and print. The store is made by
//! real calls to `koohook dev`; Python reads the output.

mod members;
mod server;
mod stores;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use self::server::DevServer;
use crate::{Finished, Folder};

/// What Python reads in the exports of the enterprises.
const NAMES: [&str; 2] = [
    "[(\"'=1+1\\u202e\\x1b[31m\", 'active'), ('云商店', 'active')]\n",
    "[('=1+1\\u202e\\x1b[31m', 'active'), ('云商店', 'active')]\n",
];
/// Part of every text that no output may contain.
const CANARY: &str = "canary";

/// A folder with a store that has six instances, two enterprises and an application.
fn folder_of_calls() -> Folder {
    let folder = Folder::new();
    let server = DevServer::start(&folder);
    let public = folder.run(&["keys", "public", "koohook.db.application.pem"]).out;
    let application = "--v2 applicationSync tenantId=T-1 appId=A-1 clientId=canary-client \
                       clientSecret=canary flag=1 --public-key";
    server.send(&folder, &format!("{application} {}", public.trim()), "000000");
    for (call, code) in [
        ("--v2 newInstance orderId=CS-READY orderLineId=L1 businessId=b1", "000000"),
        ("--v2 newInstance orderId=CS-FAILS orderLineId=L1 businessId=b2", "000004"),
        ("--v2 newInstance orderId=CS-LATER orderLineId=L1 businessId=b3", "000004"),
        ("--v2 newInstance orderId=CS-LATER orderLineId=L2 businessId=b4", "000004"),
        (
            "--v1 newInstance orderId=CS-V1 productId=P customerId=C businessId=b5 \
             mobilePhone=canary-phone email=canary-mail",
            "000004",
        ),
        ("--v2 newInstance orderId=CS-READY-2 orderLineId=L1 businessId=b6", "000000"),
        (
            "--v2 tenantSync tenantId=T-1 tenantCode=code name=云商店 \
             domainName=https://t.example flag=1",
            "000000",
        ),
        (
            "--v2 tenantSync tenantId=T-2 tenantCode=code name==1+1\u{202e}\u{1b}[31m \
             domainName=https://t.example flag=1",
            "000000",
        ),
        ("--v2 singleOrgSync tenantId=T-1 orgCode=1 orgName=canary-org flag=1", "000000"),
    ] {
        server.send(&folder, call, code);
    }
    folder
}

/// Runs a command with the time zone of China.
fn look(folder: &Folder, arguments: &[&str]) -> Finished {
    let mut command = folder.command(arguments);
    command.env("KOOHOOK_STORE", "sqlite:koohook.db").env("TZ", "CST-8");
    Finished::of(command.output().unwrap())
}

fn documents(done: &Finished) -> Vec<Value> {
    serde_json::from_str(&done.out).unwrap_or_else(|fault| panic!("{fault}: {}", done.out))
}

/// What a Python program prints for the text on its standard input.
fn python(program: &str, text: &str) -> String {
    let mut python = Command::new("python3");
    python.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn show_tells_the_whole_story_of_an_order_line() {
    let folder = folder_of_calls();
    let done = look(&folder, &["instances", "show", "CS-FAILS/L1", "-o", "json"]);
    done.check(0, "", "");
    let [found] = <[Value; 1]>::try_from(documents(&done)).unwrap();
    assert_eq!(
        [&found["orderId"], &found["state"], &found["access"]],
        ["CS-FAILS", "pending", "pending"]
    );
    assert_eq!([&found["waitingNotices"], &found["deadNotices"]], [1, 0]);
    let event = &found["events"][0];
    let words = [&event["what"], &event["outcome"], &event["orderId"], &event["orderLineId"]];
    assert_eq!(words, ["newInstance", "applied", "CS-FAILS", "L1"]);
    let notice = &found["notices"][0];
    assert_eq!(notice["type"], "instance.created");
    assert_eq!(notice["attempts"][0]["status"], 500, "{notice}");
    let text = look(&folder, &["instances", "show", "CS-FAILS/L1"]);
    text.check(0, "state        pending: the product has not sent access data", "");
    for part in [
        "HTTP 500, ",
        "the marketplace waits for access data; the product has not accepted instance.created",
        ": the relay logs an error: this purchase waits",
        "the relay gives notice 1 up, if it has made 20 attempts by then",
        " +08:00 (",
    ] {
        assert!(text.out.contains(part), "{part}\n{}", text.out);
    }
    assert!(!text.out.contains("the marketplace fails"), "the guide of V2 names no limit");
    let later = look(&folder, &["instances", "show", "CS-LATER/L1"]);
    later.check(0, "the product accepted instance.created and must send it", "");
    let put = "let the product send PUT /instances/";
    assert!(later.out.lines().any(|line| line.contains(put) && line.contains("/app-info")));
}

#[test]
fn an_instance_is_found_by_its_id_its_order_and_its_order_line() {
    let folder = folder_of_calls();
    let id = |what: &str| {
        let done = look(&folder, &["instances", "show", what, "-o", "json"]);
        let found = documents(&done);
        found.iter().map(|it| it["instanceId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let [line_1, line_2] = ["CS-LATER/L1", "CS-LATER/L2"].map(id);
    assert_eq!((line_1.len(), line_2.len()), (1, 1));
    assert_ne!(line_1, line_2);
    assert_eq!(id(&line_1[0]), line_1);
    let v1 = id("CS-V1");
    assert_eq!(v1.len(), 1);
    let mut both = id("CS-LATER");
    both.sort();
    let mut expected = [line_1, line_2].concat();
    expected.sort();
    assert_eq!(both, expected);
    let listed = look(&folder, &["instances", "show", "CS-LATER"]);
    listed.check(0, "CS-LATER", "2 instances match; give the ID of one of them");
    for unknown in ["CS-NONE", "CS-LATER/L3", "T-1"] {
        let done = look(&folder, &["instances", "show", unknown]);
        done.check(1, "", "no instance with this ID or order is in the store");
        assert_eq!(done.out, "");
    }
}

#[test]
fn a_list_has_the_newest_change_first_and_its_filters_select() {
    let folder = folder_of_calls();
    let orders = |arguments: &[&str]| {
        let list = [&["instances", "list", "-o", "json"], arguments].concat();
        let found = documents(&look(&folder, &list));
        found.iter().map(|it| it["orderId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = orders(&[]);
    let newest_first = ["CS-READY-2", "CS-V1", "CS-LATER", "CS-LATER", "CS-FAILS", "CS-READY"];
    assert_eq!(all, newest_first);
    assert_eq!(orders(&["--state", "active"]), ["CS-READY-2", "CS-READY"]);
    let pending = ["CS-V1", "CS-LATER", "CS-LATER", "CS-FAILS"];
    assert_eq!(orders(&["--state", "pending,frozen"]), pending);
    assert_eq!(orders(&["--limit", "2"]), all[..2]);
    assert_eq!(orders(&["--older-than", "1h"]), [""; 0]);
    assert_eq!(orders(&["--older-than", "0s"]), all);
    assert_eq!(orders(&["--since", "2099-01-01"]), [""; 0]);
    assert_eq!(orders(&["--since", "2020-01-01"]), all);
    let more = look(&folder, &["instances", "list", "--limit", "2"]);
    more.check(0, "", "these are the 2 newest; to see older instances too, add --all");
    assert_eq!(more.out.lines().count(), 2, "{}", more.out);
    let none = look(&folder, &["instances", "list", "--state", "released"]);
    none.check(0, "", "no instances were found");
    assert_eq!(none.out, "");
}

#[test]
fn python_reads_every_export() {
    let folder = folder_of_calls();
    let csv = "import csv,io,sys\n\
        rows = list(csv.DictReader(io.TextIOWrapper(sys.stdin.buffer, 'utf-8', newline='')))\n\
        print(sorted((row[COLUMN], row['state']) for row in rows))";
    let json = "import json,sys\n\
        rows = [json.loads(line) for line in sys.stdin]\n\
        print(sorted((row[COLUMN], row['state']) for row in rows))";
    for (command, column, expected) in [
        (
            "instances",
            "orderId",
            ["[('CS-FAILS', 'pending'), ('CS-LATER', 'pending'), ('CS-LATER', 'pending'), ('CS-READY', 'active'), ('CS-READY-2', 'active'), ('CS-V1', 'pending')]\n";
                2],
        ),
        // A spreadsheet calculates the text =1+1, but not '=1+1.
        ("tenants", "name", NAMES),
        ("applications", "appId", ["[('A-1', 'active')]\n"; 2]),
    ] {
        for (expected, (format, program)) in expected.iter().zip([("csv", csv), ("jsonl", json)]) {
            let done = look(&folder, &[command, "export", "--format", format]);
            done.check(0, "", "");
            let program = program.replace("COLUMN", &format!("'{column}'"));
            assert_eq!(python(&program, &done.out), *expected, "{command} {format}");
        }
    }
}

#[test]
fn an_enterprise_and_its_credentials_are_found_by_their_ids() {
    let folder = folder_of_calls();
    for (command, what) in [
        ("tenants", "T-1"),
        ("tenants", "/T-1"),
        ("applications", "T-1"),
        ("applications", "/T-1"),
        ("applications", "/T-1/A-1"),
    ] {
        let found = documents(&look(&folder, &[command, "show", what, "-o", "json"]));
        assert_eq!(found.len(), 1, "{command} {what}");
        assert_eq!(found[0]["tenantId"], "T-1");
    }
    let shown = look(&folder, &["tenants", "show", "/T-1"]);
    shown.check(0, "departments  1 known", "");
    look(&folder, &["tenants", "show", "T-3"]).check(1, "", "no enterprise with this ID");
}

#[test]
fn a_terminal_gets_no_hidden_characters_of_others() {
    let folder = folder_of_calls();
    for command in [["tenants", "list"].as_slice(), &["tenants", "show", "T-2"]] {
        let done = look(&folder, command);
        done.check(0, "=1+1\\u{202e}\\u{1b}[31m", "");
        assert!(!done.out.contains(['\u{202e}', '\u{1b}']), "{:?}", done.out);
    }
}

/// No command prints access data, credentials, or what the product answered.
#[test]
fn no_output_contains_credentials_a_phone_or_an_email() {
    let folder = folder_of_calls();
    let words = |text: &'static str| text.split(' ').collect::<Vec<_>>();
    for command in [
        "instances list --all",
        "instances list -o json",
        "instances show CS-READY/L1",
        "instances show CS-READY/L1 -o json",
        "instances show CS-FAILS/L1",
        "instances show CS-FAILS/L1 -o json",
        "instances show CS-V1",
        "instances show CS-V1 -o json",
        "instances export --format csv",
        "instances export --format jsonl",
        "tenants list",
        "tenants show /T-1",
        "tenants export --format csv",
        "applications list",
        "applications list -o json",
        "applications show /T-1/A-1",
        "applications show /T-1/A-1 -o json",
        "applications export --format csv",
        "applications export --format jsonl",
    ] {
        let done = look(&folder, &words(command));
        assert_eq!(done.code, Some(0), "{command}: {}", done.aside);
        assert!(!done.out.is_empty(), "{command}");
        let all = format!("{}{}", done.out, done.aside);
        assert!(!all.contains(CANARY), "{command}: {all}");
    }
}

#[test]
fn a_shell_accepts_the_script_of_completions() {
    let folder = Folder::new();
    let script = folder.run(&["completions", "bash"]);
    script.check(0, "koohook__subcmd__instances", "");
    folder.write("words.sh", script.out.as_bytes());
    let test = "source ./words.sh; COMP_WORDS=(koohook instances li); COMP_CWORD=2; \
                _koohook koohook li instances; echo \"${COMPREPLY[*]}\"";
    let done =
        Command::new("bash").args(["-c", test]).current_dir(folder.0.path()).output().unwrap();
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "list\n");
    for shell in ["zsh", "fish"] {
        folder.run(&["completions", shell]).check(0, "older-than", "");
    }
}
