//! The seller's robot: the group chat or the program that tells people what is wrong (decision I7).
//! It knows nothing of what is said.
//!
//! - `format`: the formats. `body`: the request of each, signed where the robot signs. `answer`: what
//!   the robot answered. `advice`: what to do if it did not accept a message.

mod advice;
mod answer;
mod body;
mod format;

use std::fmt;
use std::time::Duration;

use domain::secret::Secret;
use http::Uri;
use protocol::time::UnixMillis;

pub use self::answer::RobotFault;
pub use self::format::AlarmFormat;
use crate::web::{Unanswered, Web};
use crate::world::World;

/// The seller's robot. Its address is a secret, since it lets anyone post.
#[derive(Clone, Eq, PartialEq)]
pub struct AlarmRobot {
    pub(crate) url: Uri,
    /// What it understands.
    pub format: AlarmFormat,
    /// The secret with which it checks signatures.
    pub(crate) secret: Option<Secret>,
}

/// What is posted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AlarmPost {
    /// What a person reads.
    pub text: String,
    /// What a program reads, in the format `json`.
    pub alarms: serde_json::Value,
}

/// From how many letters on a piece of an address may be its secret.
const SECRET_LEN: usize = 8;
/// How long koohook waits for the robot.
pub const ROBOT_PATIENCE: Duration = Duration::from_secs(3);

impl AlarmRobot {
    /// Makes a robot.
    pub const fn new(url: Uri, format: AlarmFormat, secret: Option<Secret>) -> Self {
        Self { url, format, secret }
    }

    /// Posts once, and reads the answer. `now` is signed.
    ///
    /// # Errors
    /// If the robot did not accept the post, or its answer is not known. It may have posted it.
    pub async fn post<W: World>(
        &self,
        world: &W,
        post: &AlarmPost,
        limit: Duration,
        now: UnixMillis,
    ) -> Result<(), RobotFault> {
        let request = self.request(post, now).ok_or(RobotFault::Unsendable)?;
        let sent = world.within(limit.min(ROBOT_PATIENCE), world.web().send(request)).await;
        let response = sent.unwrap_or(Err(Unanswered::TimedOut)).map_err(RobotFault::Unanswered)?;
        self.format.judge(response.status().as_u16(), response.body())
    }

    /// A text of the robot without the address, which a robot may repeat.
    pub fn without_address(&self, text: &str) -> String {
        let address = self.url.path_and_query().map_or("", |address| address.as_str());
        let pieces = address.split(['/', '?', '&', '=']).filter(|it| it.len() >= SECRET_LEN);
        pieces.fold(text.to_owned(), |text, piece| text.replace(piece, "[address]"))
    }
}

impl fmt::Debug for AlarmRobot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AlarmRobot({}, [redacted])", self.format.as_str())
    }
}
