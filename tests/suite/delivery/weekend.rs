//! The drill "product down from Friday to Monday": 62 hours with a call every 15 minutes, in
//! virtual time. The retry schedule is the real one. Also how a run drains a long agenda.

use std::collections::BTreeMap;

use domain::outbox::MIN_ATTEMPTS;
use futures_util::future::join;
use tests::call::{PENDING, koohook_in_memory};
use tests::product::{Mood, READY, ScriptedProduct};

use super::*;

/// How long the product is down. koohook gives a notice up after 72 hours (decision E4).
const DOWN: Duration = Duration::from_hours(62);
/// The calls in this time.
const CALLS: u32 = 248;
/// The longest pause of the schedule: an hour and a tenth.
const LONGEST_PAUSE: Duration = Duration::from_mins(66);

/// The calls of a weekend: most are purchases; some instances change a few times, and one often.
fn call(koohook: &Bundled, number: u32, notices: &mut BTreeMap<String, Vec<u64>>) {
    let purchase = match number % 10 {
        0 => 0,
        1 | 2 => number / 30 * 30 + 3,
        _ => number,
    };
    let id = id(&format!("CS{purchase}"));
    let sequences = notices.entry(format!("{id}//")).or_default();
    if sequences.is_empty() {
        assert_eq!(buy(koohook, &format!("CS{purchase}")).code, "000004");
    } else {
        let status = if sequences.len() % 2 == 1 { "FREEZE" } else { "UNFREEZE" };
        assert_eq!(set_status(koohook, &id, status), "000000");
    }
    sequences.push(u64::try_from(sequences.len()).unwrap() + 1);
}

#[test]
fn a_product_that_was_down_for_62_hours_gets_every_notice_once_and_in_order() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::NotReached);
    let (mut notices, mut dead) = (BTreeMap::new(), 0);
    for number in 0..CALLS {
        koohook.world().pass(DOWN / CALLS);
        call(&koohook, number, &mut notices);
        dead += relay(&koohook).dead;
    }
    let instances = notices.keys().map(|id| outbox(&koohook, id.trim_end_matches('/')));
    let attempts: Vec<_> = instances.filter_map(|it| it.delivery).map(|it| it.count).collect();
    assert!(attempts.iter().any(|count| *count > MIN_ATTEMPTS), "there were many attempts");
    product.meets(koohook.world(), |_| READY);
    let first = relay(&koohook);
    assert_eq!((first.failed, first.unfinished), (0, false));
    assert!(first.delivered > 0, "what is due is sent by the first run");
    koohook.world().pass(LONGEST_PAUSE);
    let second = relay(&koohook);
    assert_eq!(dead + first.dead + second.dead, 0);
    assert_eq!(product.sequences(), notices, "in order");
    assert_eq!(product.messages().len(), usize::try_from(CALLS).unwrap(), "each once");
    assert!(relay(&koohook).is_empty());
}

/// Buys so many instances, one after another.
fn buy_many(koohook: &Bundled, count: usize) {
    for number in 0..count {
        koohook.world().pass(Duration::from_millis(1));
        assert_eq!(buy(koohook, &format!("CS{number}")).code, "000004");
    }
}

#[test]
fn one_run_drains_more_entities_than_it_reads_at_once() {
    let koohook = relayed();
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    buy_many(&koohook, 1_300);
    koohook.store().take_counts();
    let report = relay(&koohook);
    assert_eq!((report.delivered, report.failed, report.unfinished), (1_300, 0, false));
    assert_eq!(product.messages().len(), 1_300);
    assert_eq!(koohook.store().take_counts(), (1_300, 2_600));
}

/// How the product answers its nth call, and how many calls it then gets at once.
type MoodAndMost = (fn(u64) -> Mood, std::ops::RangeInclusive<usize>);

#[test]
fn a_run_makes_more_deliveries_at_once_only_while_the_product_is_quick() {
    let moods: [MoodAndMost; 3] = [
        (|_| READY, 100..=128),
        (|_| Mood::Refuses(503, ""), 1..=16),
        (|number| if number % 8 == 0 { Mood::Refuses(503, "") } else { READY }, 1..=17),
    ];
    for (mood, most) in moods {
        // How many calls meet at the product depends on the speed of a real store.
        let koohook = koohook_in_memory(&PENDING);
        buy_many(&koohook, 1_500);
        let mut number = 0;
        ScriptedProduct::of(koohook.world(), move |_| {
            number += 1;
            mood(number)
        });
        relay(&koohook);
        let called = koohook.world().most_called();
        assert!(most.contains(&called), "{called} at once, expected {most:?}");
    }
}

#[test]
fn two_relays_share_a_long_agenda_and_send_each_notice_once() {
    const INSTANCES: usize = 1_500;
    let koohook = relayed();
    let settings = [&WITH_PRODUCT[..], &[("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0")]].concat();
    buy_many(&koohook, INSTANCES);
    koohook.store().take_counts();
    let other = koohook.another(&settings);
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    product.meets(other.world(), |_| READY);
    let run_of = |it: &Bundled| {
        let context = std::sync::Arc::clone(it.endpoint.context());
        async move { Relay::new(&context, Duration::from_secs(50)).run().await.unwrap() }
    };
    let (one, two) = run(join(run_of(&koohook), run_of(&other)));
    assert_eq!(one.delivered + two.delivered, INSTANCES, "{one:?} {two:?}");
    assert_eq!(product.messages().len(), INSTANCES, "every notice once");
    let least = one.delivered.min(two.delivered);
    assert!(least > INSTANCES / 4, "each does a fair share: {one:?} {two:?}");
    // Each relay holds up to 1,536 entries that the other one may take first, however many wait.
    let reads = koohook.store().take_counts().0 + other.store().take_counts().0;
    assert!(reads < INSTANCES + 2_048, "{reads} reads of {INSTANCES} records");
}
