//! Tests of the bills and of lateness.

use serde_json::json;

use super::{HOUR, ID, at, body, code, market, record, send};
use crate::usage::{BillingCycle, RecordState, UsageMarketplace};

/// Sends one record of 08:00 to 09:00 and checks it immediately.
fn report(market: &mut UsageMarketplace, now: u64) {
    assert_eq!(code(market, &body(&[record(9, json!({}))]), now), "200 MKT.0000");
    market.run_background(now);
}

#[test]
fn a_record_is_in_the_next_bill_after_its_check() {
    for (cycle, reported, bill) in [
        (BillingCycle::Hourly, "20220809T091000Z", "20220809T091500Z"),
        (BillingCycle::Hourly, "20220809T091500Z", "20220809T091500Z"),
        (BillingCycle::Hourly, "20220809T091501Z", "20220809T101500Z"),
        (BillingCycle::Daily, "20220809T091000Z", "20220809T170000Z"),
        (BillingCycle::Daily, "20220809T170001Z", "20220810T170000Z"),
    ] {
        let mut market = market();
        market.rules_mut().billing = cycle;
        report(&mut market, at(reported));
        assert_eq!(market.collect(at(bill) - 1), 0);
        assert_eq!((market.billed(ID), market.billable(ID)), ("0".into(), "1.5".into()));
        // The bill has its time, also if it is made late.
        assert_eq!(market.collect(at(bill) + 5 * HOUR), 1, "{cycle:?} {reported}");
        assert_eq!(market.received_records()[0].state, RecordState::Billed { at: at(bill) });
        assert_eq!((market.billed(ID), market.billable(ID)), ("1.5".into(), "1.5".into()));
        assert_eq!(market.collect(at(bill) + 50 * HOUR), 0);
    }
}

#[test]
fn a_record_can_be_taken_back_until_it_is_billed() {
    let mut market = market();
    report(&mut market, at("20220809T091000Z"));
    assert!(!market.reverse("sn-8"));
    assert!(market.reverse("sn-9"));
    assert!(!market.reverse("sn-9"));
    assert_eq!(market.collect(at("20220809T091500Z")), 0);
    assert_eq!(market.billable(ID), "0");
    report(&mut market, at("20220809T092000Z"));
    assert_eq!(market.collect(at("20220809T101500Z")), 1);
    assert!(!market.reverse("sn-9"));
    assert_eq!(market.billed(ID), "1.5");
}

#[test]
fn a_record_is_late_after_the_deadline_of_its_cycle() {
    for (cycle, reported, late) in [
        (BillingCycle::Hourly, at("20220809T110000Z"), 0),
        (BillingCycle::Hourly, at("20220809T110000Z") + 1, 1),
        (BillingCycle::Daily, at("20220809T170000Z"), 0),
        (BillingCycle::Daily, at("20220809T170000Z") + 1, 1),
    ] {
        let mut market = market();
        market.rules_mut().billing = cycle;
        report(&mut market, reported);
        assert_eq!(market.late().len(), late, "{cycle:?} {reported}");
    }
}

/// A repeat that comes late does not make its window late.
#[test]
fn only_the_first_record_of_a_window_can_be_late() {
    let mut market = market();
    report(&mut market, at("20220809T091000Z"));
    report(&mut market, at("20220809T121000Z"));
    assert!(market.late().is_empty());
    send(&mut market, &body(&[record(8, json!({}))]), at("20220809T121000Z"));
    let late: Vec<_> = market.late().iter().map(|record| &record.metering_sn).collect();
    assert_eq!(late, ["sn-8"]);
}

#[test]
fn a_bill_is_exact() {
    let mut market = market();
    for hour in 1..=9 {
        let value = if hour == 9 { "0.0001" } else { "0.1" };
        let sent = body(&[record(hour, json!({ "usage_value": value }))]);
        send(&mut market, &sent, at("20220809T091000Z"));
    }
    market.run_background(at("20220809T091000Z"));
    market.collect(at("20220809T091500Z"));
    assert_eq!(market.billed(ID), "0.8001");
}
