//! The codes of single records (both guides, page "usage push (new)", table of record codes).

use std::fmt;

/// The code of one record that the marketplace did not accept: three digits, never `000`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecordCode(u16);

/// What a record's code means for the record (decision J4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordCodeVerdict {
    /// The marketplace already has the record, so it counts as sent.
    AlreadyThere,
    /// The instance is not ready yet. The same record may be accepted later.
    Wait,
    /// The marketplace will never accept the record.
    Rejected,
}

impl RecordCode {
    /// Parses exactly three ASCII digits. `000` is not a code of a failure: in every table of the
    /// guides, zero means success.
    pub fn parse(text: &str) -> Option<Self> {
        let three = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| three && *number != 0).map(Self)
    }

    /// What the table says about the code.
    pub const fn meaning(self) -> &'static str {
        match self.0 {
            1 => "instance does not exist",
            2 => "time format is wrong",
            3 => "usage value is wrong",
            4 => "metering_sn is missing",
            5 => "metering_sn is a duplicate",
            6 => "product of the instance is delisted",
            7 => "record time has expired",
            9 => "instance belongs to another seller",
            10 => "record is a duplicate",
            11 => "time range is invalid",
            12 => "instance is not pay-per-use",
            13 => "instance is in an abnormal state",
            // The known pages do not show the row of 008.
            _ => "code is not in the guide's table",
        }
    }

    /// What koohook does with the record.
    pub const fn verdict(self) -> RecordCodeVerdict {
        match self.0 {
            5 | 10 => RecordCodeVerdict::AlreadyThere,
            1 | 13 => RecordCodeVerdict::Wait,
            _ => RecordCodeVerdict::Rejected,
        }
    }
}

/// The three digits.
impl fmt::Display for RecordCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:03}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of the table, the row that the known pages do not show, and numbers above.
    #[rustfmt::skip]
    const CODES: &[(&str, &str, RecordCodeVerdict)] = &[
        ("001", "instance does not exist", RecordCodeVerdict::Wait),
        ("002", "time format is wrong", RecordCodeVerdict::Rejected),
        ("003", "usage value is wrong", RecordCodeVerdict::Rejected),
        ("004", "metering_sn is missing", RecordCodeVerdict::Rejected),
        ("005", "metering_sn is a duplicate", RecordCodeVerdict::AlreadyThere),
        ("006", "product of the instance is delisted", RecordCodeVerdict::Rejected),
        ("007", "record time has expired", RecordCodeVerdict::Rejected),
        ("008", "code is not in the guide's table", RecordCodeVerdict::Rejected),
        ("009", "instance belongs to another seller", RecordCodeVerdict::Rejected),
        ("010", "record is a duplicate", RecordCodeVerdict::AlreadyThere),
        ("011", "time range is invalid", RecordCodeVerdict::Rejected),
        ("012", "instance is not pay-per-use", RecordCodeVerdict::Rejected),
        ("013", "instance is in an abnormal state", RecordCodeVerdict::Wait),
        ("014", "code is not in the guide's table", RecordCodeVerdict::Rejected),
        ("100", "code is not in the guide's table", RecordCodeVerdict::Rejected),
        ("999", "code is not in the guide's table", RecordCodeVerdict::Rejected),
    ];

    #[test]
    fn every_code_has_its_meaning_and_verdict() {
        for (text, meaning, verdict) in CODES {
            let code = RecordCode::parse(text).unwrap();
            let read = (code.to_string(), code.meaning(), code.verdict());
            assert_eq!(read, ((*text).to_owned(), *meaning, *verdict));
        }
    }

    #[test]
    fn a_code_is_three_digits_and_not_zero() {
        for text in ["000", "", "5", "05", "0005", "+05", " 05", "005 ", "00a", "００５", "-01"]
        {
            assert_eq!(RecordCode::parse(text), None, "{text:?}");
        }
    }
}
