//! The log lines of an order query that fails (decision I2).

use tests::log::Log;

use super::*;

/// The levels of the lines with this message.
fn levels(log: &Log, message: &str) -> Vec<String> {
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a log line is JSON"));
    let lines: Vec<Value> = lines.filter(|line: &Value| line["message"] == message).collect();
    lines.iter().map(|line| line["level"].as_str().unwrap().to_owned()).collect()
}

const NOT_YET: &str = "order details not available yet";

#[test]
fn an_order_query_that_fails_names_the_order_and_warns_once_a_minute() {
    let koohook = asking(false);
    Outside::around(&koohook, |asked| Some(if asked < 4 { BUSY } else { FOUND }));
    let log = Log::default();
    let guard = log.keep();
    assert_eq!(buy(&koohook), "000004");
    for pause in [0, 5, 30, 120] {
        koohook.world().pass(Duration::from_secs(pause));
        relay(&koohook);
    }
    drop(guard);
    assert_eq!(levels(&log, NOT_YET), ["WARN", "INFO", "INFO"], "{}", log.text());
    assert_eq!(levels(&log, "order query works again"), ["INFO"]);
    let text = log.text();
    let first = text.lines().find(|line| line.contains(NOT_YET)).unwrap();
    let first: Value = serde_json::from_str(first).unwrap();
    assert_eq!((&first["orderId"], &first["instanceId"]), (&"CS1".into(), &id().into()));
    assert!(!text.contains("canary"), "{text}");
}

/// koohook pauses the query after a rejection, so that these lines are rare.
#[test]
fn a_rejected_key_is_an_error_until_it_is_accepted() {
    let koohook = asking(false);
    Outside::around(&koohook, |asked| Some(if asked < 4 { KEY_REFUSED } else { FOUND }));
    let log = Log::default();
    let guard = log.keep();
    for _ in 0..3 {
        assert_eq!(buy(&koohook), "000004");
    }
    for _ in 0..20 {
        relay(&koohook);
        koohook.world().pass(Duration::from_mins(6));
    }
    drop(guard);
    let rejected = levels(&log, "marketplace rejects the API key (AK/SK) of the order query");
    assert!(["ERROR"; 3].starts_with(&rejected.iter().map(|it| &**it).collect::<Vec<_>>()));
    assert!(!rejected.is_empty());
    let accepted = levels(&log, "marketplace accepts the API key (AK/SK) of the order query again");
    assert_eq!(accepted, ["INFO"], "{}", log.text());
}
