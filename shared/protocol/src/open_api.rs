//! What all open APIs of the marketplace share: `host` is where a request goes, and `code` is the
//! code of an answer.

mod code;
mod host;

pub use code::{AnswerCode, CodeFamily};
pub use host::{OpenApiHost, OpenApiHostError};
