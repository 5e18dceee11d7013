//! The answers of the usage interface, and its error codes.

use serde_json::{Value, json};

/// Why a request is refused: one row of the tables of error codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) is_gateway: bool,
    pub(super) number: &'static str,
    pub(super) message: &'static str,
}

impl Refusal {
    pub(super) const NO_SUCH_API: Self =
        Self::gateway(404, "0101", "The API does not exist or has not been published");
    pub(super) const AK_SK: Self =
        Self::gateway(401, "0301", "Incorrect IAM authentication information");
    pub(super) const AK_LOCKED: Self =
        Self::gateway(401, "0301", "AK access failed to reach the limit, forbidden");
    pub(super) const OUT_OF_RANGE: Self =
        Self::marketplace(500, "0100", "Failure of input parameter");
    pub(super) const PARAMETERS: Self = Self::marketplace(400, "0101", "Invalid parameter");
    pub(super) const BODY_SIGN: Self = Self::marketplace(400, "0102", "Invalid body sign");
    pub(super) const OTHER: Self = Self::marketplace(400, "0199", "Request parameter error");
    pub(super) const NOT_OURS: Self = Self::marketplace(401, "0150", "Illegal operation");
    pub(super) const NOT_FOUND: Self = Self::marketplace(500, "9001", "Instance ID not found.");
    /// The guide spells it so.
    pub(super) const USAGE_VALUE: Self = Self::marketplace(500, "9002", "Invalid usage enties.");
    pub(super) const TOO_MANY: Self =
        Self::marketplace(500, "9003", "Usage records extends size limit.");
    pub(super) const TOO_OLD: Self =
        Self::marketplace(500, "9004", "Record beginTime extends Limit.");

    /// A refusal by the gateway in front of the marketplace.
    pub(super) const fn gateway(status: u16, number: &'static str, message: &'static str) -> Self {
        Self { status, is_gateway: true, number, message }
    }

    const fn marketplace(status: u16, number: &'static str, message: &'static str) -> Self {
        Self { status, is_gateway: false, number, message }
    }

    /// A refusal with any number of the marketplace's table.
    pub(super) fn numbered(status: u16, number: &'static str) -> Self {
        let row = MESSAGES.iter().find(|(known, _)| *known == number);
        Self::marketplace(status, number, row.map_or("unknown error", |(_, message)| message))
    }
}

/// The prefix of the marketplace's codes. The pages of the guide differ.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CodePrefix {
    /// `MKT.`, as on the page about usage.
    #[default]
    Mkt,
    /// `CBC.`, as on a copy of the page about orders.
    Cbc,
}

impl CodePrefix {
    const fn text(self) -> &'static str {
        match self {
            Self::Mkt => "MKT",
            Self::Cbc => "CBC",
        }
    }
}

/// An answer before a fault changes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct WrittenAnswer {
    pub(super) status: u16,
    /// `error_code`; empty if the answer has none.
    pub(super) code: String,
    pub(super) body: String,
}

impl WrittenAnswer {
    /// The answer `0000`. `failed_records` are listed only if there are any.
    pub(super) fn success(failed_records: &[(&str, &str)], prefix: CodePrefix) -> Self {
        let code = format!("{}.0000", prefix.text());
        let mut body = json!({ "error_code": code, "error_msg": "success" });
        if let (Some(members), false) = (body.as_object_mut(), failed_records.is_empty()) {
            let listed: Value = failed_records
                .iter()
                .map(|(sn, code)| json!({ "metering_sn": sn, "error_code": code }))
                .collect();
            members.insert("failed_records".to_owned(), listed);
        }
        Self { status: 200, code, body: body.to_string() }
    }

    pub(super) fn refusal(refusal: Refusal, prefix: CodePrefix) -> Self {
        let Refusal { status, is_gateway, number, message } = refusal;
        let family = if is_gateway { "APIG" } else { prefix.text() };
        let code = format!("{family}.{number}");
        let mut body = json!({ "error_code": code, "error_msg": message });
        if let (Some(members), true) = (body.as_object_mut(), is_gateway) {
            members.insert("request_id".to_owned(), "1d5d7ae7-f4ab-4b2b-8a1f-0d5c2f5c3a11".into());
        }
        Self { status, code, body: body.to_string() }
    }

    /// A body that is not an answer of the marketplace, with status 200.
    pub(super) fn foreign(body: &str) -> Self {
        Self { status: 200, code: String::new(), body: body.to_owned() }
    }
}

/// The messages of the table of error codes that only [`Refusal::numbered`] writes.
const MESSAGES: [(&str, &str); 4] = [
    ("0999", "System internal error."),
    ("0151", "No authority"),
    ("0154", "Illegal token"),
    ("0250", "Access frequency overlimit."),
];
