//! Why a text is not a valid template.

use thiserror::Error;

/// Why a text is not a valid template. The text names the member and never its value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum TemplateError {
    /// The text is not JSON.
    #[error("is not JSON at line {line}, column {column}; it must be an object like {}", EXAMPLE)]
    NotJson {
        /// The line of the fault, counted from 1.
        line: usize,
        /// The column of the fault, counted from 1.
        column: usize,
    },
    /// The text is JSON but not an object.
    #[error("is not a JSON object; it must be one like {}", EXAMPLE)]
    NotAnObject,
    /// The guide does not have the member. The field is the most similar known member.
    #[error("has an unknown member; did you mean {0}?")]
    NearMember(&'static str),
    /// The guide does not have the member.
    #[error("has an unknown member; use only frontEndUrl, adminUrl, userName, password and memo")]
    UnknownMember,
    /// A member is a number, an array or an object.
    #[error("has a {0} that is not text; write it in quotes")]
    NotText(&'static str),
    /// A member exists more than once.
    #[error("has the same member twice; remove one")]
    Twice,
    /// The one mandatory member is missing.
    #[error("has no frontEndUrl; add the address where the buyer logs in")]
    NoFrontEndUrl,
    /// A member is not an address.
    #[error("has a {0} that is not an address; it must be https:// or http:// and a host")]
    NotAnAddress(&'static str),
    /// A placeholder is in a host. An ID cannot be part of a host name.
    #[error("has a placeholder in the host of {0}; move it to the path or the query")]
    InHost(&'static str),
    /// A text in braces is not a placeholder. The fields are the member and the most similar
    /// placeholder.
    #[error("has an unknown placeholder in {0}; did you mean {1}?")]
    NearPlaceholder(&'static str, &'static str),
    /// A text in braces is not a placeholder.
    #[error("has an unknown placeholder in {0}; use only {{instanceId}} and {{orderId}}")]
    UnknownPlaceholder(&'static str),
    /// Other characters surround a placeholder, as in `${instanceId}` or `{{instanceId}}`. They
    /// would stay in the text.
    #[error("has $ or double braces at a placeholder in {0}; write {{instanceId}} or {{orderId}}")]
    Wrapped(&'static str),
    /// An invisible character, or a blank that changes the meaning.
    #[error("has a blank at an end of {0}, or an invisible character in it; type it again")]
    Unseen(&'static str),
    /// A member is longer than the guide allows.
    #[error("has a {0} that is too long; with the IDs filled in it may have at most {1}")]
    TooLong(&'static str, &'static str),
}

const EXAMPLE: &str = r#"{"frontEndUrl":"https://…"}"#;
