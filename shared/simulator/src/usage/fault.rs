//! Faults of the network and of the marketplace, which a test orders.

use super::answer::{Refusal, WrittenAnswer};

/// A fault of one request. It comes before every check of the request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UsageFault {
    /// The marketplace answers this HTTP status and this number, such as 500 and `0999`. It carries
    /// out nothing.
    Status(u16, &'static str),
    /// The gateway answers this HTTP status and this number, such as 504 and `0201`. The
    /// marketplace carries out nothing.
    Gateway(u16, &'static str),
    /// The marketplace carries out the request and answers after the seller has stopped waiting.
    Slow,
    /// The marketplace carries out the request, and its answer is lost.
    LoseReply,
    /// The request is lost.
    LoseRequest,
    /// A proxy answers 200 with a page of HTML. The marketplace carries out nothing.
    Garbage,
    /// A proxy answers 200 with an empty body. The marketplace carries out nothing.
    Empty,
}

/// What the seller receives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UsageReply {
    /// An answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The body, mostly JSON.
        body: String,
    },
    /// An answer that comes after the seller has stopped waiting. The caller decides how long it
    /// holds the answer back.
    Slow {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// No answer: the connection breaks.
    Lost,
}

impl UsageReply {
    /// Status and body, if an answer comes in time.
    #[must_use]
    pub fn in_time(&self) -> Option<(u16, &str)> {
        match self {
            Self::Answer { status, body } => Some((*status, body)),
            Self::Slow { .. } | Self::Lost => None,
        }
    }
}

/// What happens to a request before its checks.
pub(super) enum Course {
    /// The marketplace carries it out.
    CarriedOut,
    /// It has this answer, and nothing else happens.
    Answered(Refusal),
    /// It has an answer that is not the marketplace's.
    Foreign(WrittenAnswer),
    /// It is lost.
    Lost,
}

impl UsageFault {
    pub(super) fn course(self) -> Course {
        match self {
            Self::Slow | Self::LoseReply => Course::CarriedOut,
            Self::Status(status, number) => Course::Answered(Refusal::numbered(status, number)),
            Self::Gateway(status, number) => {
                Course::Answered(Refusal::gateway(status, number, "gateway error"))
            }
            Self::LoseRequest => Course::Lost,
            Self::Garbage => Course::Foreign(WrittenAnswer::foreign(PAGE)),
            Self::Empty => Course::Foreign(WrittenAnswer::foreign("")),
        }
    }
}

const PAGE: &str = "<html><head><title>200 OK</title></head><body>Welcome</body></html>";
