//! Random sequences of reports, runs, answers and jumps of the clock. A slow second implementation, in
//! seconds and without any order of its own, predicts every state.

mod expected;
mod play;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use self::play::Play;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// The product reports a window that begins so many quarter hours ago.
    Report { quarters_ago: u16, seconds: u16, value: &'static str, package: Option<u8> },
    /// A run of the relay.
    Take { may_send: bool, trusted: bool },
    /// An answer to one of the sendings so far.
    Settle { sending: Index, answer: Answer },
    /// An operator has a window sent again.
    Again { window: Index, value: Option<&'static str> },
    /// The clock moves, forward or back.
    Wait { millis: i64 },
    /// The clock moves, and two runs follow each other in 10 minutes.
    Look { days: u8 },
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Sent,
    Again(Option<u16>),
    Refused(bool),
    Rejected,
}

fn step() -> impl Strategy<Value = Step> {
    let values = select(vec!["0", "1", "1.0", "2.5", "99999999.9999", "0.0001"]);
    let report = (0_u16..2_010, select(vec![60, 900, 1_800, 3_600]), values.clone(), any::<u8>())
        .prop_map(|(quarters_ago, seconds, value, package)| {
            let package = (package < 64).then_some(package % 2);
            let quarters_ago = if package.is_some() { quarters_ago } else { quarters_ago % 12 };
            Step::Report { quarters_ago, seconds, value, package }
        });
    let take = (prop::bool::weighted(0.9), prop::bool::weighted(0.9))
        .prop_map(|(may_send, trusted)| Step::Take { may_send, trusted });
    let answer = select(vec![
        Answer::Sent,
        Answer::Again(None),
        Answer::Again(Some(7)),
        Answer::Refused(true),
        Answer::Refused(false),
        Answer::Rejected,
    ]);
    let settle =
        (any::<Index>(), answer).prop_map(|(sending, answer)| Step::Settle { sending, answer });
    let again = (any::<Index>(), prop::option::of(values))
        .prop_map(|(window, value)| Step::Again { window, value });
    let minute = 60_000;
    let waits = vec![1, 999, minute, 5 * minute, 10 * minute, 60 * minute, 1_440 * minute];
    let back = vec![-1, -5 * minute, -60 * minute, -1_440 * minute, -30 * 1_440 * minute];
    let wait = prop_oneof![8 => select(waits), 1 => select(back)];
    prop_oneof![
        6 => report,
        4 => take,
        4 => settle,
        1 => again,
        4 => wait.prop_map(|millis| Step::Wait { millis }),
        1 => (1_u8..23).prop_map(|days| Step::Look { days }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_sequence_ends_as_the_model_predicts(steps in vec(step(), 1..120)) {
        let mut play = Play::new();
        for step in &steps {
            play.step(step);
            play.check();
        }
        play.end();
    }
}

/// The window was deleted, the clock went back, and the product reported a longer one.
#[test]
fn a_late_answer_about_a_deleted_window_is_not_about_another_one_with_the_same_begin() {
    let report = |seconds| Step::Report { quarters_ago: 4, seconds, value: "1", package: Some(0) };
    let take = || Step::Take { may_send: true, trusted: true };
    let day = 1_440 * 60_000;
    let sending = any::<Index>().new_tree(&mut TestRunner::deterministic()).unwrap().current();
    let mut play = Play::new();
    for step in [
        report(900),
        take(),
        Step::Look { days: 22 },
        Step::Wait { millis: -22 * day },
        report(1_800),
        Step::Settle { sending, answer: Answer::Sent },
    ] {
        play.step(&step);
        play.check();
    }
    play.end();
}
