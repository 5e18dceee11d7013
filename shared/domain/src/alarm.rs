//! Telling people that something is wrong (decision I7): which messages a relay sends to the seller's
//! robot, and when. All relays share what was said, in one stored value, so that a fresh process
//! repeats nothing.
//!
//! - `kind`: what can be wrong. `sighting`: what one look at it showed.
//! - `state`: what lasts and what was said, as it is stored. `bytes`: its JSON.
//! - `schedule`: decides from the state, the sightings and the time what to say now.
//! - `text`: the words of a message, in English and in Chinese.

mod bytes;
mod kind;
mod schedule;
mod sighting;
mod state;
mod text;

pub use self::kind::AlarmKind;
pub use self::schedule::{AlarmChange, AlarmMessage, AlarmPlan};
pub use self::sighting::{AlarmSighting, AlarmSightings};
pub use self::state::{AlarmState, LastingAlarm};
pub use self::text::{AlarmLanguage, TEST, alarm_text, section, title, what_to_type};
