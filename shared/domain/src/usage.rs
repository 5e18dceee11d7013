//! Usage (话单) of pay-per-use instances: the product reports windows, and koohook reports each of
//! them to the marketplace, once (decisions J1 to J7).
//!
//! The usage of an instance is a stored value of its own, [`InstanceUsage`], beside the record of the
//! instance. So reports never compete with callbacks. In reading order:
//!
//! - `quantity`: exact decimals. `window`: a window of time. `report`: the product's message with
//!   usage; `reject_reason`: why a record is rejected. `info_report`: the product's message with the
//!   usage of a package.
//! - `instance_usage`: the stored value. `usage_record`: one window of it, and its state.
//!   `bytes`: its stored form.
//! - `accept`: the rules by which a report is accepted. `instance_report`: the records of a report
//!   that name one instance, and what becomes of them. `cycle`: when a window is late. `send_time`:
//!   when the relay sends it.
//! - `life`: when an instance exists. `query_info`: its usage in the answer to queryInstance.
//! - `batch`: which records are sent in one request, and what an answer does to them.
//!   `sending_state`: what the relays know about the keys that sign usage.
//! - `take`: what the relay takes from the value to send it. `settle`: what an answer of the
//!   marketplace changes. `again`: what an operator changes. `forget`: when a window is deleted. `due`:
//!   when the relay must read the value.

mod accept;
mod again;
mod batch;
mod bytes;
mod cycle;
mod due;
mod forget;
mod info_report;
mod instance_report;
mod instance_usage;
mod life;
mod quantity;
mod query_info;
mod reject_reason;
mod report;
mod send_time;
mod sending_state;
mod settle;
mod take;
mod usage_record;
mod window;

pub use self::accept::RecordVerdict;
pub use self::again::AgainError;
pub use self::batch::{Batch, BatchPlan, PlanEnd, RecordOutcome, StopCause, UnprovenFault};
pub use self::cycle::{Lateness, UsageCycle};
pub use self::info_report::{MAX_INFO_ENTRIES, UsageInfoEntry, UsageInfoReport};
pub use self::instance_report::{InstanceReport, ReportDecision};
pub use self::instance_usage::{InstanceUsage, MAX_PACKAGES, MAX_WINDOWS, ReportedInfo};
pub use self::life::UsageLife;
pub use self::quantity::{Quantity, UsageTotal};
pub use self::query_info::no_usage;
pub use self::reject_reason::RejectReason;
pub use self::report::{
    MAX_REPORTED, ReportedRecord, UsageMessageError, UsageReport, UsageReportLine,
};
pub use self::send_time::{USAGE_ENDS_AFTER, retry_at};
pub use self::sending_state::{KeyMark, SendingState};
pub use self::settle::{SendOutcome, Settlement};
pub use self::take::{OutgoingRecord, TakeRules, TakenUsage};
pub use self::usage_record::{RecordState, UsageRecord, WaitingRecord};
pub use self::window::UsageWindow;
