//! What the relays know about the keys that sign usage, and about the size of batches. All relays
//! share it, in one stored value.

use std::time::Duration;

use protocol::access_key::AccessKey;
use protocol::mac::hmac_sha256;
use protocol::open_api::OpenApiHost;
use protocol::time::UnixMillis;
use protocol::usage::MAX_RECORDS;
use serde::{Deserialize, Serialize};

use crate::record::RecordError;

/// What is known about the sending of usage. If it is lost, the relays learn it again.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendingState {
    /// The keys that were used last, the newest first.
    #[serde(default)]
    keys: Vec<KeyUse>,
    /// The most records of a batch, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<(u16, UnixMillis)>,
}

/// Names a key at a host without disclosing it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct KeyMark(String);

/// What is known about one key at one host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct KeyUse {
    key: KeyMark,
    /// When the marketplace last received a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    received: Option<UnixMillis>,
    /// When an answer last showed that the marketplace accepts the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    believed: Option<UnixMillis>,
    /// When the marketplace last refused the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<UnixMillis>,
    /// When it was tried and refused, or is tried now, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tries: Vec<UnixMillis>,
}

impl KeyMark {
    /// The mark of a key at a host.
    pub fn new(key: &AccessKey, host: &OpenApiHost) -> Self {
        let digest = hmac_sha256(key.as_str().as_bytes(), &[host.origin().as_bytes()]);
        Self(digest.iter().take(MARK_LEN).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl SendingState {
    /// Parses stored bytes. Of bytes that are something else, nothing is known.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// Never: every state has a form in JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        serde_json::to_vec(self).map_err(|_| RecordError::Unreadable)
    }

    /// Whether the marketplace received a batch under this key within the last hour.
    pub fn has_received(&self, key: &KeyMark, now: UnixMillis) -> bool {
        self.known(key).is_some_and(|known| is_within(known.received, RECEIVED_LASTS, now))
    }

    /// Whether the marketplace accepted this key within the last day.
    pub fn is_believed(&self, key: &KeyMark, now: UnixMillis) -> bool {
        self.known(key).is_some_and(|known| is_within(known.believed, BELIEF_LASTS, now))
    }

    /// Whether the marketplace refused this key within the last hour, and has not accepted it since.
    pub fn is_refused(&self, key: &KeyMark, now: UnixMillis) -> bool {
        let refused =
            |known: &KeyUse| known.is_refused() && is_within(known.refused, RECEIVED_LASTS, now);
        self.known(key).is_some_and(refused)
    }

    /// Whether a key may be tried now. The gateway locks a key after more than five failures, and
    /// perhaps the seller with it. So, if `first` was tried before this key, its tries count too
    /// (decision J4).
    pub fn may_try(&self, key: &KeyMark, first: Option<&KeyMark>, now: UnixMillis) -> bool {
        let tries = |key| self.known(key).map_or(0, |known| known.recent_tries(now).count());
        let own = tries(key);
        own == 0 || own.saturating_add(first.map_or(0, tries)) < MAX_TRIES
    }

    /// Whether a try must be stored before it is made, so that all relays together keep to
    /// [`SendingState::may_try`].
    pub fn must_note_try(&self, key: &KeyMark) -> bool {
        self.known(key).is_some_and(|known| known.is_refused() || !known.tries.is_empty())
    }

    /// Notes a try of a key.
    pub fn note_try(&mut self, key: &KeyMark, now: UnixMillis) {
        self.learn(key, |known| known.tries = known.recent_tries(now).chain([now]).collect());
    }

    /// Takes back a try that was noted at a time: its outcome says nothing about the key.
    pub fn take_back_try(&mut self, key: &KeyMark, noted: UnixMillis) {
        self.learn(key, |known| {
            let place = known.tries.iter().position(|at| *at == noted);
            place.map(|place| known.tries.remove(place));
        });
    }

    /// Notes that the marketplace refused a key. The try is noted on its own.
    pub fn note_refused(&mut self, key: &KeyMark, now: UnixMillis) {
        self.learn(key, |known| known.refused = Some(now));
    }

    /// Notes that the marketplace accepts a key. `received` is whether it received a batch. Returns
    /// whether the state is to be stored: it is not stored for every batch.
    pub fn note_accepted(&mut self, key: &KeyMark, received: bool, now: UnixMillis) -> bool {
        let is_recent = |at| is_within(at, NOTED_EVERY, now);
        let known = self.known(key);
        let is_known = known.is_some_and(|known| {
            is_recent(known.believed) && (is_recent(known.received) || !received)
        });
        let is_news = !is_known || self.must_note_try(key);
        self.learn(key, |known| {
            known.tries.clear();
            known.believed = Some(now);
            known.received = if received { Some(now) } else { known.received };
        });
        is_news
    }

    /// The most records of a batch.
    pub fn limit(&self, now: UnixMillis) -> usize {
        let lasting = self.limit.filter(|(_, until)| {
            // A wrong clock may have written it.
            *until > now && until.since(now) <= LIMIT_LASTS
        });
        lasting.map_or(MAX_RECORDS, |(limit, _)| usize::from(limit).clamp(1, MAX_RECORDS))
    }

    /// Notes that the marketplace refuses larger batches. It counts for a day.
    pub fn note_limit(&mut self, limit: usize, now: UnixMillis) {
        self.limit = u16::try_from(limit).ok().map(|limit| (limit, now.after(LIMIT_LASTS)));
    }

    fn known(&self, key: &KeyMark) -> Option<&KeyUse> {
        self.keys.iter().find(|known| known.key == *key)
    }

    /// Changes what is known about a key, and makes it the newest.
    fn learn(&mut self, key: &KeyMark, change: impl FnOnce(&mut KeyUse)) {
        let place = self.keys.iter().position(|known| known.key == *key);
        let mut known =
            place.map_or_else(|| KeyUse::new(key.clone()), |place| self.keys.remove(place));
        change(&mut known);
        self.keys.insert(0, known);
        self.keys.truncate(MAX_KEYS);
    }
}

impl KeyUse {
    const fn new(key: KeyMark) -> Self {
        Self { key, received: None, believed: None, refused: None, tries: Vec::new() }
    }

    /// Whether the marketplace's last word about the key was a refusal.
    fn is_refused(&self) -> bool {
        self.refused > self.believed
    }

    fn recent_tries(&self, now: UnixMillis) -> impl Iterator<Item = UnixMillis> {
        self.tries.iter().copied().filter(move |at| is_within(Some(*at), TRIES_LAST, now))
    }
}

/// Whether a time is less than `span` away from now. A time in the future counts too, because clocks
/// differ.
fn is_within(at: Option<UnixMillis>, span: Duration, now: UnixMillis) -> bool {
    at.is_some_and(|at| now.since(at).max(at.since(now)) < span)
}

/// How many bytes of the digest name a key.
const MARK_LEN: usize = 8;
/// How many keys are remembered: two keys at two hosts.
const MAX_KEYS: usize = 4;
/// How long a received batch shows that the fault is in other records (decision J4).
const RECEIVED_LASTS: Duration = Duration::from_hours(1);
/// How long the marketplace's acceptance of a key counts (decision J4).
const BELIEF_LASTS: Duration = Duration::from_hours(24);
/// How often the state of a key that works is stored.
const NOTED_EVERY: Duration = Duration::from_mins(10);
/// How many times a refused key may be tried within [`TRIES_LAST`] (decision J4).
const MAX_TRIES: usize = 3;
const TRIES_LAST: Duration = Duration::from_mins(5);
/// How long a lower limit of records counts.
const LIMIT_LASTS: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    const fn at(millis: u64) -> UnixMillis {
        UnixMillis::new(1_791_234_000_000 + millis)
    }

    fn mark(key: &str) -> KeyMark {
        KeyMark::new(&AccessKey::parse(key).unwrap(), &OpenApiHost::default())
    }

    fn stored(state: &SendingState) -> SendingState {
        SendingState::from_bytes(&state.to_bytes().unwrap())
    }

    /// Python computed the mark: `hmac.new(key, host, "sha256").hexdigest()[:16]`.
    #[test]
    fn a_mark_does_not_disclose_the_key() {
        assert_eq!(mark("constructed-base-key-0001").0, "6d6a67c35b31ee9c");
        let other = OpenApiHost::parse("europe").unwrap();
        let key = AccessKey::parse("constructed-base-key-0001").unwrap();
        assert_ne!(KeyMark::new(&key, &other), mark("constructed-base-key-0001"));
    }

    #[test]
    fn a_received_batch_counts_for_an_hour_and_a_belief_for_a_day() {
        let (key, other) = (mark("constructed-base-key-0001"), mark("constructed-base-key-0002"));
        let mut state = SendingState::default();
        assert!(state.note_accepted(&key, true, at(0)));
        let state = stored(&state);
        for (millis, received, believed) in [
            (HOUR - 1, true, true),
            (HOUR, false, true),
            (24 * HOUR - 1, false, true),
            (24 * HOUR, false, false),
        ] {
            assert_eq!(state.has_received(&key, at(millis)), received, "{millis}");
            assert_eq!(state.is_believed(&key, at(millis)), believed, "{millis}");
        }
        assert!(!state.has_received(&other, at(0)) && !state.is_believed(&other, at(0)));
    }

    #[test]
    fn a_key_that_works_is_stored_every_ten_minutes() {
        let key = mark("constructed-base-key-0001");
        let mut state = SendingState::default();
        assert!(state.note_accepted(&key, false, at(0)));
        assert!(state.note_accepted(&key, true, at(1)), "the first received batch");
        assert!(!state.clone().note_accepted(&key, true, at(600_000)));
        assert!(state.note_accepted(&key, true, at(600_001)));
        state.note_refused(&key, at(600_002));
        assert!(state.note_accepted(&key, true, at(600_003)), "it was refused before");
    }

    #[test]
    fn a_refused_key_is_tried_three_times_in_five_minutes() {
        let key = mark("constructed-base-key-0001");
        let may_try = |state: &SendingState, millis| state.may_try(&key, None, at(millis));
        let mut state = SendingState::default();
        assert!(may_try(&state, 0) && !state.must_note_try(&key));
        refuse(&mut state, &key, 0);
        for millis in [1_000, 2_000] {
            assert!(state.must_note_try(&key) && may_try(&state, millis));
            refuse(&mut state, &key, millis);
        }
        let mut state = stored(&state);
        assert!(!may_try(&state, 3_000) && !may_try(&state, 299_999));
        assert!(may_try(&state, 300_000), "the first try was five minutes ago");
        state.note_try(&key, at(300_000));
        assert!(!may_try(&state, 300_001));
        assert!(state.is_refused(&key, at(300_000)) && !state.is_refused(&key, at(2_000 + HOUR)));
        state.note_accepted(&key, true, at(300_002));
        assert!(!state.must_note_try(&key) && !state.is_refused(&key, at(300_003)));
    }

    /// Tries the key, and the marketplace refuses it.
    fn refuse(state: &mut SendingState, key: &KeyMark, millis: u64) {
        state.note_try(key, at(millis));
        state.note_refused(key, at(millis));
    }

    #[test]
    fn the_tries_belong_to_the_key_and_the_previous_one_has_what_the_first_left() {
        let (first, other) = (mark("constructed-base-key-0001"), mark("constructed-base-key-0002"));
        let mut state = SendingState::default();
        let may_try_other = |state: &SendingState| state.may_try(&other, Some(&first), at(3));
        refuse(&mut state, &first, 0);
        assert!(may_try_other(&state));
        refuse(&mut state, &other, 1);
        assert!(may_try_other(&state));
        refuse(&mut state, &first, 1);
        assert!(state.may_try(&first, None, at(3)) && !may_try_other(&state));
        refuse(&mut state, &first, 2);
        assert!(!state.may_try(&first, None, at(3)));
        assert!(state.may_try(&other, None, at(3)), "a changed key starts anew");
    }

    #[test]
    fn a_try_without_a_refusal_is_taken_back() {
        let key = mark("constructed-base-key-0001");
        let mut state = SendingState::default();
        refuse(&mut state, &key, 0);
        for second in 1..9 {
            state.note_try(&key, at(second * 1_000));
            state.take_back_try(&key, at(second * 1_000));
            assert!(state.may_try(&key, None, at(second * 1_000)), "{second}");
        }
        state.take_back_try(&key, at(9_000));
        refuse(&mut state, &key, 10_000);
        refuse(&mut state, &key, 11_000);
        assert!(!state.may_try(&key, None, at(12_000)), "the refusals count");
        assert!(state.must_note_try(&key));
    }

    #[test]
    fn tries_of_a_wrong_clock_do_not_count() {
        let key = mark("constructed-base-key-0001");
        let mut state = SendingState::default();
        for second in 0..3 {
            refuse(&mut state, &key, 400_000_000 + second);
        }
        assert!(state.may_try(&key, None, at(0)) && state.must_note_try(&key));
    }

    #[test]
    fn a_lower_limit_counts_for_a_day() {
        let mut state = SendingState::default();
        assert_eq!(state.limit(at(0)), 1_000);
        state.note_limit(62, at(0));
        let state = stored(&state);
        assert_eq!([state.limit(at(0)), state.limit(at(24 * HOUR - 1))], [62, 62]);
        assert_eq!(state.limit(at(24 * HOUR)), 1_000);
        assert_eq!(SendingState::from_bytes(b"no json"), SendingState::default());
    }

    #[test]
    fn the_newest_keys_are_remembered() {
        let mut state = SendingState::default();
        for number in 1..=5 {
            state.note_accepted(&mark(&format!("constructed-base-key-000{number}")), true, at(0));
        }
        let known =
            |number| state.is_believed(&mark(&format!("constructed-base-key-000{number}")), at(0));
        assert_eq!([1, 2, 3, 4, 5].map(known), [false, true, true, true, true]);
    }
}
