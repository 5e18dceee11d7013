//! Why a text is not a template.

use thiserror::Error;

/// Why a text is not a template. Names the member, never the value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum TemplateError {
    /// Not JSON at all.
    #[error("is not JSON from line {line}, column {column} on; wants an object like {}", EXAMPLE)]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// An array, a text, a number.
    #[error("is not a JSON object; wants one like {}", EXAMPLE)]
    NotAnObject,
    /// A member that the guide does not have, and the one that it looks like.
    #[error("has an unknown member; did you mean {0}?")]
    NearMember(&'static str),
    /// A member that the guide does not have.
    #[error(
        "has an unknown member; it may have frontEndUrl, adminUrl, userName, password and memo"
    )]
    UnknownMember,
    /// A member that is a number, a list, an object.
    #[error("has a {0} that is not text; write it in quotes")]
    NotText(&'static str),
    /// A member comes more than once.
    #[error("has a member twice; leave one")]
    Twice,
    /// The one mandatory member is missing.
    #[error("lacks frontEndUrl, the address where the buyer logs in")]
    NoFrontEndUrl,
    /// No address.
    #[error("has a {0} that is not an address; it wants https:// or http:// and a host")]
    NotAnAddress(&'static str),
    /// A placeholder in a host. An ID cannot be part of a host's name.
    #[error("has a placeholder in the host of {0}; put it into the path or the query")]
    InHost(&'static str),
    /// Something in braces that nothing is filled into, and the placeholder that it looks like.
    #[error("has an unknown placeholder in {0}; did you mean {1}?")]
    NearPlaceholder(&'static str, &'static str),
    /// Something in braces that nothing is filled into.
    #[error("has an unknown placeholder in {0}; koohook fills in {{instanceId}} and {{orderId}}")]
    UnknownPlaceholder(&'static str),
    /// `${instanceId}`, `{{instanceId}}`: the signs around it would stay.
    #[error("has signs around a placeholder in {0}; write it as {{instanceId}} or {{orderId}}")]
    Wrapped(&'static str),
    /// An unseen character, or a blank that changes the meaning.
    #[error("has a blank or an unseen character in {0}; type it anew")]
    Unseen(&'static str),
    /// Longer than the guide allows.
    #[error("has a {0} that is too long: at most {1} once the IDs are filled in")]
    TooLong(&'static str, &'static str),
}

const EXAMPLE: &str = r#"{"frontEndUrl":"https://…"}"#;
