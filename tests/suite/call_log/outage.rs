//! How much koohook logs while its store does not answer (decision I2).

use std::collections::BTreeMap;

use shell::relay::Relay;
use tests::call::Koohook;
use tests::failing_store::FailingStore;

use super::*;

/// The lines of a log, counted by level and message.
fn counted(log: &Log) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for line in log.text().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let of = |name: &str| line[name].as_str().unwrap().to_owned();
        *counts.entry((of("level"), of("message"))).or_default() += 1;
    }
    counts
}

const MINUTES: u64 = 10;

/// Five calls and one run of the relay a second. The calls' own lines stay: each is a failed order.
#[test]
fn a_store_that_is_down_is_one_line_of_the_relay_a_minute_and_one_line_a_call() {
    let koohook = Koohook::over(FailingStore::default(), &SETTINGS);
    let (process, log) = (process(), Log::default());
    let run_relay = || run(Relay::new(koohook.endpoint.context(), Duration::from_mins(1)).run());
    run_relay().unwrap();
    koohook.store().inner().set_down(true);
    let guard = log.keep();
    for _ in 0..MINUTES * 60 {
        for _ in 0..5 {
            let mut request = v1(NOW, &PURCHASE_V1).map(Bytes::from);
            request.extensions_mut().insert(origin(&process));
            run(koohook.endpoint.answer(request));
        }
        run_relay().unwrap_err();
        koohook.world().pass(Duration::from_secs(1));
    }
    koohook.store().inner().set_down(false);
    koohook.world().pass(Duration::from_secs(60));
    run_relay().unwrap();
    run_relay().unwrap();
    drop(guard);
    let of = |level: &str, message: &str, count: u64| {
        ((level.to_owned(), message.to_owned()), usize::try_from(count).unwrap())
    };
    let expected = [
        of("ERROR", "callback", MINUTES * 60 * 5),
        of("ERROR", "relay failed", MINUTES),
        of("INFO", "relay works again", 1),
    ];
    assert_eq!(counted(&log), BTreeMap::from(expected));
}
