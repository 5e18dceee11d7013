//! The schedule, against a second, naive reading of the decision.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const MINUTE: u64 = 60_000;
const KIND: AlarmKind = AlarmKind::ProductDown;

fn at(minute: u64) -> UnixMillis {
    UnixMillis::new(1_000_000_000_000 + minute * MINUTE)
}

fn seen(sighting: Option<AlarmSighting>) -> AlarmSightings {
    sighting.map(|sighting| (KIND, sighting)).into_iter().collect()
}

/// One look of a relay whose robot accepts or rejects each post. Returns what was said.
fn look(
    state: &mut AlarmState,
    sighting: Option<AlarmSighting>,
    is_accepted: bool,
    now: UnixMillis,
) -> Vec<AlarmChange> {
    let Some(plan) = state.plan(&seen(sighting), now) else { return Vec::new() };
    *state = AlarmState::from_bytes(&plan.state.to_bytes().unwrap());
    if plan.messages.is_empty() {
        return Vec::new();
    }
    state.settle(&plan.messages, is_accepted, now);
    if is_accepted { plan.messages.iter().map(|it| it.change).collect() } else { Vec::new() }
}

fn said(looks: impl IntoIterator<Item = (u64, Option<AlarmSighting>)>) -> Vec<(u64, AlarmChange)> {
    let mut state = AlarmState::default();
    let looks = looks.into_iter().map(|(minute, sighting)| {
        let said = look(&mut state, sighting, true, at(minute));
        said.into_iter().map(move |change| (minute, change)).collect::<Vec<_>>()
    });
    looks.flatten().collect()
}

const FAULT: Option<AlarmSighting> = Some(AlarmSighting::fault(1));
const FINE: Option<AlarmSighting> = Some(AlarmSighting::Fine);

#[test]
fn a_fault_is_said_at_its_start_each_hour_and_at_its_end() {
    let looks = (0..300).map(|minute| (minute, if minute < 150 { FAULT } else { FINE }));
    let expected = [
        (0, AlarmChange::Began),
        (60, AlarmChange::Lasts),
        (120, AlarmChange::Lasts),
        (159, AlarmChange::Ended),
    ];
    assert_eq!(said(looks), expected);
}

#[test]
fn a_fault_that_comes_and_goes_is_one_alarm() {
    let looks = (0..120).map(|minute| (minute, if minute % 2 == 0 { FAULT } else { FINE }));
    assert_eq!(said(looks), [(0, AlarmChange::Began), (60, AlarmChange::Lasts)]);
}

#[test]
fn a_fault_that_is_not_seen_again_is_forgotten_and_not_repeated() {
    let looks = [(0, FAULT)].into_iter().chain((1..400).map(|minute| (minute, None)));
    assert_eq!(said(looks), [(0, AlarmChange::Began), (180, AlarmChange::Ended)]);
    let hourly = (0..400).map(|minute| (minute, if minute % 66 == 0 { FAULT } else { None }));
    let expected = [0, 66, 132, 198, 264, 330, 396];
    let times: Vec<_> = said(hourly).into_iter().map(|(minute, _)| minute).collect();
    assert_eq!(times, expected, "an hourly attempt that fails is repeated, and does not end");
}

#[test]
fn counts_of_events_are_added_up_and_other_counts_are_the_newest() {
    let counts = |kind: AlarmKind| {
        let mut state = AlarmState::default();
        for minute in 0..=10 {
            let seen = BTreeMap::from([(kind, AlarmSighting::fault(minute + 1))]);
            if let Some(plan) = state.plan(&seen, at(minute)) {
                state = plan.state;
                state.settle(&plan.messages, true, at(minute));
            }
        }
        state.lasting().next().unwrap().1.count
    };
    assert_eq!(counts(AlarmKind::CallsFailed), 66);
    assert_eq!(counts(AlarmKind::NoticesDead), 11);
}

#[test]
fn a_trouble_of_a_day_costs_few_writes_if_its_count_is_not_added_up() {
    let (mut state, mut writes) = (AlarmState::default(), 0);
    for minute in 0..24 * 60 {
        let seen = BTreeMap::from([(AlarmKind::NoticesDead, AlarmSighting::fault(3))]);
        if let Some(plan) = state.plan(&seen, at(minute)) {
            state = plan.state;
            writes += 1;
            if !plan.messages.is_empty() {
                state.settle(&plan.messages, true, at(minute));
                writes += 1;
            }
        }
    }
    assert!((288..320).contains(&writes), "{writes}");
}

#[test]
fn a_rejected_post_is_repeated_after_longer_and_longer_pauses() {
    let mut state = AlarmState::default();
    let mut posts = Vec::new();
    for minute in 0..200 {
        let plan = state.plan(&seen(FAULT), at(minute));
        let Some(plan) = plan else { continue };
        state = plan.state;
        if !plan.messages.is_empty() {
            posts.push(minute);
            state.settle(&plan.messages, false, at(minute));
        }
    }
    assert_eq!(posts, [0, 1, 6, 21, 81, 141]);
    assert_eq!(look(&mut state, FAULT, true, at(201)), [AlarmChange::Began]);
    assert_eq!(state.failed_posts(), (0, None));
}

#[test]
fn an_alarm_that_ended_before_it_could_be_said_is_still_said() {
    let mut state = AlarmState::default();
    look(&mut state, FAULT, false, at(0));
    for minute in 1..60 {
        look(&mut state, FINE, false, at(minute));
    }
    let plan = state.plan(&seen(FINE), at(120)).unwrap();
    let [message] = plan.messages.as_slice() else { panic!("{:?}", plan.messages) };
    assert_eq!((message.change, message.since), (AlarmChange::Ended, at(0)));
    state = plan.state;
    state.settle(&plan.messages, true, at(120));
    assert!(state.is_empty());
}

#[test]
fn many_alarms_at_once_are_said_in_several_posts_and_each_is_said() {
    let seen: AlarmSightings =
        AlarmKind::ALL.into_iter().map(|kind| (kind, AlarmSighting::fault(1))).collect();
    let (mut state, mut posts) = (AlarmState::default(), Vec::new());
    for minute in 0..4 {
        let Some(plan) = state.plan(&seen, at(minute)) else { continue };
        state = plan.state;
        state.settle(&plan.messages, true, at(minute));
        posts.push(plan.messages.into_iter().map(|message| message.kind).collect::<Vec<_>>());
    }
    assert_eq!(posts.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1, 0]);
    assert_eq!(posts.concat(), AlarmKind::ALL);
}

#[test]
fn a_plan_that_must_not_post_loses_neither_its_count_nor_its_message() {
    let plan = AlarmState::default().plan(&seen(FAULT), at(0)).unwrap().unsaid();
    assert!(plan.messages.is_empty());
    let later = plan.state.plan(&seen(FAULT), at(0)).unwrap();
    assert_eq!((later.messages.len(), later.messages[0].count), (1, 2));
}

#[test]
fn while_one_relay_posts_another_says_nothing_and_after_its_death_says_it() {
    let first = AlarmState::default().plan(&seen(FAULT), at(0)).unwrap();
    assert_eq!(first.messages.len(), 1);
    let beside = first.state.plan(&seen(FAULT), at(0).after(Duration::from_secs(29))).unwrap();
    assert!(beside.messages.is_empty());
    let after = first.state.plan(&seen(None), at(0).after(Duration::from_secs(30))).unwrap();
    assert_eq!(after.messages.len(), 1, "the message is said again, and not lost");
}

#[test]
fn times_of_a_wrong_clock_silence_an_alarm_for_an_hour_at_most() {
    let mut state = AlarmState::default();
    let years = 5 * 365 * 24 * 60;
    assert_eq!(look(&mut state, FAULT, true, at(years)), [AlarmChange::Began]);
    let mut said = Vec::new();
    for minute in 0..130 {
        said.extend(look(&mut state, FAULT, true, at(minute)).into_iter().map(|it| (minute, it)));
    }
    assert_eq!(said, [(60, AlarmChange::Lasts), (120, AlarmChange::Lasts)]);
    // A claim and a pause of that clock end, too.
    let mut state = state.plan(&seen(FAULT), at(years)).unwrap().state;
    state.settle(&[], false, at(years));
    let said: Vec<_> = (200..330)
        .filter(|minute| !look(&mut state, FAULT, true, at(*minute)).is_empty())
        .collect();
    assert_eq!(said.first(), Some(&200));
}

#[test]
fn what_a_process_said_while_the_store_was_down_is_not_said_again() {
    let (mut own, mut shared) = (AlarmState::default(), AlarmState::default());
    assert_eq!(look(&mut own, FAULT, true, at(0)), [AlarmChange::Began]);
    shared.adopt(&own);
    assert_eq!(look(&mut shared, FAULT, true, at(5)), []);
    assert_eq!(look(&mut shared, FINE, true, at(15)), [AlarmChange::Ended]);
    assert!(shared.is_empty());
}

#[test]
fn what_a_process_said_later_than_the_others_counts() {
    let (mut own, mut shared) = (AlarmState::default(), AlarmState::default());
    assert_eq!(look(&mut shared, FAULT, true, at(0)), [AlarmChange::Began]);
    assert_eq!(look(&mut own, FAULT, true, at(50)), [AlarmChange::Began]);
    shared.adopt(&own);
    assert_eq!(look(&mut shared, FAULT, true, at(70)), [], "people were told at minute 50");
    assert_eq!(look(&mut shared, FAULT, true, at(110)), [AlarmChange::Lasts]);
}

proptest! {
    /// Whatever is seen, at whatever times, by relays of which some die before they settle, and
    /// however the robot answers: a fault is said as soon as the robot accepts, a message of one kind
    /// comes at most once an hour while it lasts, and each end is said once.
    #[test]
    fn messages_follow_the_decision(
        looks in prop::collection::vec((0u64..40, 0u8..3, prop::bool::weighted(0.8)), 1..200),
    ) {
        let mut state = AlarmState::default();
        let mut minute = 0;
        // When the last start or repetition was said, since the last end; when a fault was last seen.
        let (mut last, mut fault): (Option<u64>, Option<u64>) = (None, None);
        for (pause, what, is_accepted) in looks {
            minute += pause;
            let sighting = [FAULT, FINE, None][usize::from(what)];
            if sighting == FAULT {
                fault = Some(minute);
            }
            let said = look(&mut state, sighting, is_accepted, at(minute));
            prop_assert!(said.len() <= 1);
            match said.first() {
                Some(AlarmChange::Began) => {
                    prop_assert!(last.is_none(), "a start is said once");
                    last = Some(minute);
                }
                Some(AlarmChange::Lasts) => {
                    let before = last.expect("a start was said before");
                    prop_assert!(minute - before >= 60 && fault > Some(before));
                    last = Some(minute);
                }
                Some(AlarmChange::Ended) => {
                    prop_assert!(minute - fault.unwrap() >= 10, "it was quiet");
                    last = None;
                    fault = None;
                }
                None => {
                    let must_say = sighting == FAULT && last.is_none() && is_accepted;
                    prop_assert!(!must_say || state.failed_posts().0 > 0, "a start was not said");
                }
            }
        }
    }
}
