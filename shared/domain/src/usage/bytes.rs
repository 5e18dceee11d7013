//! The stored bytes of an instance's usage. Times are in seconds, each relative to the one before it,
//! so that weeks of windows fit into one value.

use std::time::Duration;

use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::cycle::Lateness;
use super::info_report::UsageInfoEntry;
use super::instance_usage::{InstanceUsage, ReportedInfo};
use super::quantity::{Quantity, UsageTotal};
use super::usage_record::{RecordState, UsageRecord, WaitingRecord};
use super::window::UsageWindow;
use crate::record::{MAX_VALUE_LEN, RecordError};

/// The value as it is stored.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    schema: u32,
    instance_id: InstanceId,
    /// Packages and codes that the windows name by their place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    packages: Vec<InstanceId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    codes: Vec<String>,
    windows: Vec<StoredWindow>,
    #[serde(default)]
    forgotten: UsageTotal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest_end: Option<UnixMillis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    info: Option<(UnixMillis, Vec<UsageInfoEntry>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sighted: Option<UnixMillis>,
}

/// Seconds since the end of the window before, seconds from begin to end, usage, the package's place
/// plus one, the number, the state.
#[derive(Deserialize, Serialize)]
struct StoredWindow(u64, u64, Quantity, usize, u32, StoredState);

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum StoredState {
    Settled(Settled),
    Waiting(StoredWaiting),
    /// The code's place plus one, and the time relative to the end of the window.
    Rejected {
        r: (usize, i64),
    },
}

#[derive(Deserialize, Serialize)]
enum Settled {
    #[serde(rename = "z")]
    Zero,
    #[serde(rename = "s")]
    Sent,
}

/// Accepted, next, record time, refused since: relative to the end of the window. The largest batch
/// (0: none), the lateness, the code's place plus one.
#[derive(Deserialize, Serialize)]
struct StoredWaiting(i64, i64, Option<i64>, Option<i64>, u16, u8, usize);

/// Texts that are named by their place plus one; zero names none.
struct Texts<T>(Vec<T>);

impl<T: Clone + PartialEq> Texts<T> {
    fn place(&mut self, text: Option<&T>) -> usize {
        let Some(text) = text else { return 0 };
        let known = self.0.iter().position(|known| known == text);
        let place = known.unwrap_or_else(|| {
            self.0.push(text.clone());
            self.0.len() - 1
        });
        place + 1
    }

    /// The text at a place; `None` if there is no such place.
    fn at(&self, place: usize) -> Option<Option<T>> {
        match place.checked_sub(1) {
            None => Some(None),
            Some(place) => self.0.get(place).cloned().map(Some),
        }
    }
}

impl InstanceUsage {
    /// Parses stored bytes.
    ///
    /// # Errors
    /// If a newer koohook wrote them, or they are not the usage of an instance.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Numbered {
            schema: u32,
        }
        match serde_json::from_slice(bytes) {
            Ok(Numbered { schema }) if schema > USAGE_SCHEMA => Err(RecordError::NewerSchema),
            Ok(_) => {
                let stored: Option<Stored> = serde_json::from_slice(bytes).ok();
                stored.and_then(read).ok_or(RecordError::Unreadable)
            }
            Err(_) => Err(RecordError::Unreadable),
        }
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// If they are longer than a value may be, or could become so while the windows wait. A value
    /// that was stored never becomes too large by a sending or an answer: its windows could not be
    /// sent.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let (mut packages, mut codes) = (Texts(Vec::new()), Texts(Vec::new()));
        let mut before = UnixMillis::EPOCH;
        let mut windows = Vec::with_capacity(self.records.len());
        for record in &self.records {
            windows.push(written(record, before, &mut packages, &mut codes));
            before = record.window.end();
        }
        let mut stored = Stored {
            schema: USAGE_SCHEMA,
            instance_id: self.instance_id.clone(),
            packages: packages.0,
            codes: Vec::new(),
            windows: Vec::new(),
            forgotten: self.forgotten,
            newest_end: self.newest_end,
            info: self.info.clone().map(|ReportedInfo { at, entries }| (at, entries)),
            sighted: self.sighted,
        };
        let frame = stored.to_bytes()?.len();
        let longest = frame + CODES_LEN + WINDOW_LEN * windows.len();
        (stored.codes, stored.windows) = (codes.0, windows);
        let bytes = stored.to_bytes()?;
        let fits = longest.max(bytes.len()) <= MAX_VALUE_LEN;
        if fits { Ok(bytes) } else { Err(RecordError::TooLarge) }
    }

    /// The packages that the windows name, each once.
    pub(super) fn packages(&self) -> Vec<&InstanceId> {
        let mut packages: Vec<_> =
            self.records.iter().filter_map(|record| record.package.as_ref()).collect();
        packages.sort_unstable();
        packages.dedup();
        packages
    }
}

impl Stored {
    fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        serde_json::to_vec(self).map_err(|_| RecordError::Unreadable)
    }
}

fn written(
    record: &UsageRecord,
    before: UnixMillis,
    packages: &mut Texts<InstanceId>,
    codes: &mut Texts<String>,
) -> StoredWindow {
    let UsageRecord { window, quantity, package, number, state } = record;
    let state = match state {
        RecordState::Zero => StoredState::Settled(Settled::Zero),
        RecordState::Sent => StoredState::Settled(Settled::Sent),
        RecordState::Rejected { code, at } => {
            StoredState::Rejected { r: (codes.place(Some(code)), relative(*window, *at)) }
        }
        RecordState::Waiting(waiting) => {
            StoredState::Waiting(waiting_written(waiting, *window, codes))
        }
    };
    let gap = window.begin().since(before).as_secs();
    let len = window.end().since(window.begin()).as_secs();
    StoredWindow(gap, len, *quantity, packages.place(package.as_ref()), *number, state)
}

fn waiting_written(
    waiting: &WaitingRecord,
    window: UsageWindow,
    codes: &mut Texts<String>,
) -> StoredWaiting {
    let WaitingRecord { accepted, next, record_time, at_most, refused_since, told, code } = waiting;
    let relative = |at: UnixMillis| relative(window, at);
    StoredWaiting(
        relative(*accepted),
        relative(*next),
        record_time.map(relative),
        refused_since.map(relative),
        at_most.unwrap_or_default(),
        match told {
            Lateness::InTime => 0,
            Lateness::Late => 1,
            Lateness::Missing => 2,
        },
        codes.place(code.as_ref()),
    )
}

fn read(stored: Stored) -> Option<InstanceUsage> {
    let Stored { instance_id, forgotten, newest_end, info, sighted, .. } = stored;
    let (packages, codes) = (Texts(stored.packages), Texts(stored.codes));
    let mut before = UnixMillis::EPOCH;
    let mut records = Vec::with_capacity(stored.windows.len());
    for window in stored.windows {
        let record = read_window(window, before, &packages, &codes)?;
        before = record.window.end();
        records.push(record);
    }
    let info = info.map(|(at, entries)| ReportedInfo { at, entries });
    Some(InstanceUsage { instance_id, records, forgotten, newest_end, info, sighted })
}

fn read_window(
    stored: StoredWindow,
    before: UnixMillis,
    packages: &Texts<InstanceId>,
    codes: &Texts<String>,
) -> Option<UsageRecord> {
    let StoredWindow(gap, len, quantity, package, number, state) = stored;
    let begin = before.after(Duration::from_secs(gap));
    let window = UsageWindow::new(begin, begin.after(Duration::from_secs(len)))?;
    let state = match state {
        StoredState::Settled(Settled::Zero) => RecordState::Zero,
        StoredState::Settled(Settled::Sent) => RecordState::Sent,
        StoredState::Rejected { r: (code, at) } => {
            RecordState::Rejected { code: codes.at(code)??, at: absolute(window, at)? }
        }
        StoredState::Waiting(stored) => RecordState::Waiting(read_waiting(&stored, window, codes)?),
    };
    Some(UsageRecord { window, quantity, package: packages.at(package)?, number, state })
}

fn read_waiting(
    stored: &StoredWaiting,
    window: UsageWindow,
    codes: &Texts<String>,
) -> Option<WaitingRecord> {
    let StoredWaiting(accepted, next, record_time, refused_since, at_most, told, code) = *stored;
    let optional = |at: Option<i64>| at.map_or(Some(None), |at| absolute(window, at).map(Some));
    Some(WaitingRecord {
        accepted: absolute(window, accepted)?,
        next: absolute(window, next)?,
        record_time: optional(record_time)?,
        at_most: Some(at_most).filter(|most| *most > 0),
        refused_since: optional(refused_since)?,
        told: match told {
            0 => Lateness::InTime,
            1 => Lateness::Late,
            _ => Lateness::Missing,
        },
        code: codes.at(code)?,
    })
}

/// Seconds from the end of a window to a time.
fn relative(window: UsageWindow, at: UnixMillis) -> i64 {
    let seconds = |at: UnixMillis| i64::try_from(at.millis() / 1_000).unwrap_or(i64::MAX);
    seconds(at).saturating_sub(seconds(window.end()))
}

fn absolute(window: UsageWindow, seconds: i64) -> Option<UnixMillis> {
    let millis = seconds.checked_mul(1_000)?;
    window.end().millis().checked_add_signed(millis).map(UnixMillis::new)
}

/// The longest stored form of a window that waits, while an instance has thousands of them.
const WINDOW_LEN: usize = 80;

/// Room for the codes, and for the members that appear later.
const CODES_LEN: usize = 1_024;

/// The number of the schema that this koohook writes.
const USAGE_SCHEMA: u32 = 1;

#[cfg(test)]
mod tests {
    use super::super::info_report::MAX_INFO_ENTRIES;
    use super::super::instance_usage::{MAX_PACKAGES, MAX_WINDOWS};
    use super::*;

    fn id(place: usize, letter: &str) -> InstanceId {
        InstanceId::parse(&format!("{}{place:03}", letter.repeat(61))).unwrap()
    }

    /// A value with so many quarter hours, each in the state that `state` returns for its end.
    fn usage(
        windows: usize,
        letter: &str,
        state: fn(usize, UnixMillis) -> RecordState,
    ) -> InstanceUsage {
        let mut usage = InstanceUsage::new(id(0, letter));
        let mut at = UnixMillis::new(1_795_000_000_000);
        for place in 0..windows {
            let end = at.after(Duration::from_secs(860));
            usage.records.push(UsageRecord {
                window: UsageWindow::new(at, end).unwrap(),
                quantity: Quantity::parse("99999999.9999").unwrap(),
                package: Some(id(place % MAX_PACKAGES, letter)),
                number: 12,
                state: state(place, end),
            });
            at = end;
        }
        usage
    }

    fn fresh(_: usize, end: UnixMillis) -> RecordState {
        RecordState::Waiting(WaitingRecord::new(end, end, Lateness::InTime))
    }

    /// The longest stored form of every member.
    fn fullest(place: usize, end: UnixMillis) -> RecordState {
        let later = |seconds| end.after(Duration::from_secs(seconds));
        RecordState::Waiting(WaitingRecord {
            accepted: later(1_799_000),
            next: later(1_800_000),
            record_time: Some(later(1_799_000)),
            at_most: Some(1_000),
            refused_since: Some(later(1_799_000)),
            told: Lateness::Missing,
            code: Some(format!("MKT.{:04}", place % 20)),
        })
    }

    fn longest_info(letter: &str) -> ReportedInfo {
        let entry = UsageInfoEntry {
            usage_value: UsageTotal::parse("999999999999999.9999").unwrap(),
            related_instance_id: Some(id(0, letter)),
            dashboard_url: Some(format!("https://{}", "a".repeat(504))),
        };
        let at = UnixMillis::new(1_795_000_000_000);
        ReportedInfo { at, entries: vec![entry; MAX_INFO_ENTRIES] }
    }

    #[test]
    fn the_fullest_value_fits_and_is_read_as_it_was_written() {
        let usage = usage(MAX_WINDOWS, "i", fullest);
        let bytes = usage.to_bytes().unwrap();
        assert_eq!(InstanceUsage::from_bytes(&bytes), Ok(usage));
    }

    /// Otherwise the windows of a stored value could never be sent.
    #[test]
    fn a_value_that_fits_when_it_is_reported_fits_in_every_later_state() {
        for letter in ["i", "\u{20000}"] {
            let with_info = |windows, state| {
                let info = Some(longest_info(letter));
                InstanceUsage { info, ..usage(windows, letter, state) }
            };
            let fits = |windows: &usize| with_info(*windows, fresh).to_bytes().is_ok();
            let most = (0..=MAX_WINDOWS).step_by(64).take_while(fits).last().unwrap();
            assert!((1_000..MAX_WINDOWS).contains(&most), "{most} windows");
            let later = InstanceUsage {
                forgotten: UsageTotal::parse("999999999999999.9999").unwrap(),
                newest_end: Some(UnixMillis::new(1_795_000_000_000)),
                sighted: Some(UnixMillis::new(1_795_000_000_000)),
                ..with_info(most, fullest)
            };
            assert!(later.to_bytes().is_ok(), "{most} windows");
            assert!(with_info(MAX_WINDOWS, fresh).to_bytes() == Err(RecordError::TooLarge));
        }
    }

    #[test]
    fn a_newer_or_damaged_value_is_not_read() {
        let newer = br#"{"schema":2,"windows":7}"#;
        assert_eq!(InstanceUsage::from_bytes(newer), Err(RecordError::NewerSchema));
        for text in [
            r#"{"schema":1}"#,
            "",
            r#"{"schema":1,"instanceId":"i","windows":[[1,1,"1",1,0,"s"]]}"#,
        ] {
            let read = InstanceUsage::from_bytes(text.as_bytes());
            assert_eq!(read, Err(RecordError::Unreadable), "{text}");
        }
    }

    /// The stored form must not change: values of an older koohook are read.
    #[test]
    fn the_stored_form_does_not_change() {
        let text = concat!(
            r#"{"schema":1,"instanceId":"i","packages":["p"],"codes":["MKT.0150"],"windows":["#,
            r#"[1795000000,900,"1.5",1,0,"s"],[0,900,"0",0,0,"z"],[60,60,"2",0,1,{"r":[1,7200]}],"#,
            r#"[0,900,"3",0,0,[5,600,60,null,500,1,1]]],"forgotten":"12.25"}"#
        );
        let usage = InstanceUsage::from_bytes(text.as_bytes()).unwrap();
        assert_eq!(usage.total().to_string(), "16.75");
        assert_eq!(String::from_utf8(usage.to_bytes().unwrap()).unwrap(), text);
    }
}
