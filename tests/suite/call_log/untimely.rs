//! The lines of calls that are signed correctly, but whose timestamp koohook cannot accept.

use super::*;

fn signed_at(time: u64, key: &str) -> Request<Vec<u8>> {
    let body = simulator::v2::body(&PURCHASE_V2);
    simulator::v2::request(ADDRESS, key, &time.to_string(), "n", &body).unwrap()
}

/// Answers a request of a process, without reading its line.
fn send(koohook: &Bundled, process: &Arc<ServingProcess>, request: Request<Vec<u8>>) {
    let mut request = request.map(Bytes::from);
    request.extensions_mut().insert(origin(process));
    assert_eq!(run(koohook.endpoint.answer(request)).status(), StatusCode::OK);
}

/// The marketplace signs what it sends. So a clock, or `KOOHOOK_TIMESTAMP_UNIT`, is wrong.
#[test]
fn a_signed_call_with_a_timestamp_that_is_not_accepted_is_a_warning_with_its_ids() {
    let koohook = koohook(&SETTINGS);
    for time in [NOW - 60_001, NOW + 60_001, NOW / 1_000] {
        let line = line(&koohook, &process(), signed_at(time, BASE_KEY));
        has(&line, &[("level", "WARN".into()), ("message", "callback".into())]);
        has(&line, &[("code", "000002".into())]);
        has(&line, &[("outcome", "rejected".into()), ("activity", "newInstance".into())]);
        has(&line, &[("orderId", "CS1".into()), ("orderLineId", "CS1-1".into())]);
        has(&line, &[("key", "current".into()), ("form", "received".into())]);
    }
    for time in [NOW - 60_001, NOW / 1_000] {
        let line = line(&koohook, &process(), signed_at(time, STRANGER_KEY));
        has(&line, &[("level", "INFO".into()), ("code", "000002".into())]);
        has(&line, &VERIFIED_FIELDS.map(|name| (name, Value::Null)));
    }
    assert_eq!(koohook.store().take_counts(), (0, 0));
}

/// The clock is wrong for ten minutes, at five calls a second. Then it is right.
#[test]
fn a_clock_that_is_wrong_for_long_is_one_warning_a_minute_and_one_line_at_its_end() {
    let (koohook, process, log) = (koohook(&SETTINGS), process(), Log::default());
    let guard = log.keep();
    for _ in 0..600 * 5 {
        koohook.world().pass(Duration::from_millis(200));
        let then = koohook.world().now_millis() - 61_000;
        send(&koohook, &process, signed_at(then, BASE_KEY));
    }
    // A call of V1 shows nothing about timestamps.
    koohook.world().pass(Duration::from_secs(61));
    send(&koohook, &process, v1(koohook.world().now_millis(), &PURCHASE_V1));
    assert!(!log.text().contains("again"));
    send(&koohook, &process, signed_at(koohook.world().now_millis(), BASE_KEY));
    drop(guard);
    let (text, lines) = (log.text(), log.callbacks());
    let levels = |level| lines.iter().filter(|line| line["level"] == level).count();
    assert_eq!((levels("WARN"), levels("INFO")), (10, 2_992), "each call has its line");
    assert!(lines.iter().all(|line| line["orderId"] == "CS1"));
    let repeated = lines.iter().filter(|line| line["level"] == "WARN");
    let repeated: Vec<_> = repeated.map(|line| line["repeated"].as_u64()).collect();
    assert_eq!(repeated[..3], [None, Some(301), Some(601)]);
    let end: Vec<_> = text.lines().filter(|line| line.contains("accepted again")).collect();
    assert_eq!(end.len(), 1, "{end:?}");
    assert!(end[0].contains(r#""level":"INFO""#) && end[0].contains(r#""count":3000"#), "{end:?}");
}

#[test]
fn an_untimely_call_takes_no_line_of_the_calls_that_are_not_verified() {
    let (koohook, log) = (koohook(&SETTINGS), Log::default());
    let now = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&now);
    let seconds = move || Duration::from_secs(clock.load(Ordering::SeqCst));
    let process = Arc::new(ServingProcess::new("receive", seconds));
    let _guard = log.keep();
    for _ in 0..50 {
        send(&koohook, &process, signed_at(NOW - 61_000, BASE_KEY));
    }
    for _ in 0..10 {
        send(&koohook, &process, signed_at(NOW, STRANGER_KEY));
    }
    let lines = log.callbacks();
    assert_eq!(lines.len(), 60);
    assert!(lines.iter().all(|line| line["unlogged"] == Value::Null));
    now.store(61, Ordering::SeqCst);
    send(&koohook, &process, signed_at(NOW, STRANGER_KEY));
    assert!(!log.text().contains("many signatures were refused"), "ten were refused");
}
