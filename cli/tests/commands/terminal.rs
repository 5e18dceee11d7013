//! What the commands do on a real terminal. Python opens it.

use std::process::Command;

use domain::usage::SendOutcome;

use crate::notices::shop::Shop;
use crate::usage::seller::{UsageSeller, hour, record};
use crate::{Finished, Folder};

const ON_TERMINAL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/terminal/on_terminal.py");
const PURCHASE: &[&str] = &["newInstance", "orderId=CS1", "orderLineId=CS1-1"];

/// Runs a command on a terminal, and types an answer. The output is all that the terminal shows.
fn on_terminal(command: &Command, answer: &str) -> Finished {
    let mut python = Command::new("python3");
    python
        .arg(ON_TERMINAL)
        .arg(answer)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    python.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // Without PATH, Python would not be found.
    python.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let Finished { out, aside, .. } =
        Finished::of(python.current_dir(command.get_current_dir().unwrap()).output().unwrap());
    let (code, shown) = out.split_once('\n').unwrap_or_else(|| panic!("{aside}"));
    Finished { code: code.parse().ok(), out: shown.replace("\r\n", "\n"), aside }
}

#[test]
fn now_asks_on_a_terminal_and_changes_nothing_without_a_yes() {
    let shop = Shop::after("sqlite:koohook.db", &[PURCHASE]);
    let before = shop.json();
    let now = shop.command(&["notices", "now", "--wait", "0s"]);
    let question = "koohook: 1 notice of 1 instance; send it now? [y/N] ";
    for (answer, code) in [("n", 1), ("", 1), ("^D", 1), ("^C", 130)] {
        let typed = if answer.is_empty() { " " } else { answer };
        let done = on_terminal(&now, typed);
        assert_eq!(done.code, Some(code), "{answer}: {}", done.out);
        assert!(done.out.contains(question), "{answer}: {}", done.out);
        assert!(done.out.contains("CS1  instance.created  waiting"), "{answer}: {}", done.out);
        // The answer of the command begins a new line.
        assert_eq!(
            done.out.contains("\nkoohook: no notice is changed\n"),
            answer != "^C",
            "{}",
            done.out
        );
        assert_eq!(shop.json(), before, "{answer}");
    }
    let done = on_terminal(&now, "y");
    assert_eq!(done.code, Some(0), "{}", done.out);
    assert!(done.out.contains("due now\n1 notice will be sent now\n"), "{}", done.out);
    assert_eq!(shop.json()[0]["why"], "due now, after 1 attempt: product answered 500");
}

#[test]
fn usage_is_changed_on_a_terminal_only_after_a_yes() {
    let seller = UsageSeller::open("sqlite:koohook.db");
    seller.report(&[record("i-1", 2, "1")]).check(0, "1 record in all", "");
    let before = seller.json(&["list"]);
    let now = seller.shop.command(&["usage", "now", "--all"]);
    let question = "koohook: 1 window of 1 instance; send it now? [y/N] ";
    for (answer, code) in [("n", 1), ("^D", 1), ("^C", 130)] {
        let done = on_terminal(&now, answer);
        assert_eq!(done.code, Some(code), "{answer}: {}", done.out);
        assert!(done.out.contains(question), "{answer}: {}", done.out);
        assert_eq!(seller.json(&["list"]), before, "{answer}");
    }
    let done = on_terminal(&now, "y");
    assert_eq!(done.code, Some(0), "{}", done.out);
    assert!(done.out.contains("\n1 window will be sent now\n"), "{}", done.out);

    seller.send("i-1", &SendOutcome::Rejected { code: "MKT.9002".to_owned() });
    let list = on_terminal(&seller.shop.command(&["usage", "list"]), "");
    assert!(list.out.starts_with("BEGIN  "), "{}", list.out);
    let [begin, end] = hour(2);
    let again = seller.shop.command(&["usage", "again", "i-1", &begin, &end, "--value", "2"]);
    let done = on_terminal(&again, "n");
    for expected in [
        "  value 2 (was 1), rejected\n",
        "with another metering_sn",
        "send the window again? [y/N] ",
    ] {
        assert!(done.out.contains(expected), "{expected}\n{}", done.out);
    }
    assert_eq!(seller.json(&["list"])[0]["state"], "rejected");
    assert_eq!(on_terminal(&again, "y").code, Some(0));
    assert_eq!(seller.json(&["list"])[0]["value"], "2");
}

/// The command waits on a terminal even if nothing says so.
#[test]
fn now_prints_the_outcome_on_a_terminal() {
    let mut shop = Shop::after("sqlite:koohook.db", &[PURCHASE]);
    shop.product.answer(202);
    shop.start();
    let done = on_terminal(&shop.command(&["notices", "now"]), "y");
    assert_eq!(done.code, Some(0), "{}", done.out);
    assert!(done.out.contains("delivered with attempt 2\n"), "{}", done.out);
}

#[test]
fn colours_are_only_for_a_terminal_that_wants_them() {
    let folder = Folder::new();
    folder.write("koohook.log", LINE.as_bytes());
    let mut logs = folder.command(&["logs", "koohook.log"]);
    assert!(on_terminal(&logs, "").out.contains("\u{1b}[33mWARN \u{1b}[0m"));
    assert!(!Finished::of(logs.output().unwrap()).out.contains('\u{1b}'));
    logs.env("NO_COLOR", "1");
    assert!(!on_terminal(&logs, "").out.contains('\u{1b}'));
}

const LINE: &str =
    r#"{"timestamp":"2026-11-26T18:31:47.1Z","level":"WARN","message":"notice offered"}"#;
