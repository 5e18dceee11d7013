//! One call, signed with the current time.

use http::Request;
use protocol::message::Activity;
use protocol::signature::Interface;
use serde_json::Value;
use simulator::time::{self, TimestampUnit};
use simulator::{kit_v1, kit_v2, v1, v2};

use crate::command_line::quoted;
use crate::generated;
use crate::options::AccessGuide;

/// One call before it is signed.
pub struct SentCall {
    /// The access guide.
    pub contract: AccessGuide,
    /// The production address.
    pub address: String,
    /// The access key of its interfaces.
    pub key: String,
    /// The activity, or the name of a kit interface.
    pub activity: String,
    /// Names and values, in order.
    pub members: Vec<(String, Value)>,
    /// The unit of V2's timestamp.
    pub unit: TimestampUnit,
}

impl SentCall {
    /// Builds and signs the request with the current time.
    ///
    /// # Errors
    /// If the address is not a URI.
    pub fn request(&self) -> Result<Request<Vec<u8>>, http::Error> {
        let Self { address, key, activity, .. } = self;
        let now = generated::now_millis();
        let (timestamp, nonce) = (self.unit.text(now), generated::id());
        let body = || {
            let members: Vec<_> =
                self.members.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            v2::body(&members)
        };
        match (self.contract, is_kit(activity)) {
            (AccessGuide::V1, false) => self.get(&time::to_the_millisecond(now)),
            (AccessGuide::V2, false) => v2::request(address, key, &timestamp, &nonce, &body()),
            (AccessGuide::V1, true) => kit_v1::request(address, activity, key, &body()),
            (AccessGuide::V2, true) => {
                kit_v2::request(address, activity, key, &timestamp, &nonce, &body())
            }
        }
    }

    /// Builds the GET of V1. All values are texts. A given `timeStamp` replaces the current time.
    fn get(&self, now: &str) -> Result<Request<Vec<u8>>, http::Error> {
        let texts = self.members.iter().map(|(name, value)| (name.as_str(), text(value)));
        let (given, texts): (Vec<_>, Vec<_>) = texts.partition(|(name, _)| *name == "timeStamp");
        let time_stamp = given.first().map_or(now, |(_, text)| text.as_str());
        let texts: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        v1::request(&self.address, &self.key, time_stamp, &texts)
    }
}

/// Whether this is the name of a kit interface.
pub fn is_kit(activity: &str) -> bool {
    Activity::ALL
        .into_iter()
        .any(|known| known.interface() == Interface::Kit && known.as_str() == activity)
}

/// The text of a value, or its JSON if it is not a text.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The `curl` line for a shell, with every word in single quotes.
pub fn curl(request: &Request<Vec<u8>>) -> String {
    let mut line = format!("curl -i {}", quoted(&request.uri().to_string()));
    for (name, value) in request.headers() {
        let header = format!("{name}: {}", value.to_str().unwrap_or_default());
        line.push_str(&format!(" -H {}", quoted(&header)));
    }
    if !request.body().is_empty() {
        let body = String::from_utf8_lossy(request.body());
        line.push_str(&format!(" --data-raw {}", quoted(&body)));
    }
    line
}
