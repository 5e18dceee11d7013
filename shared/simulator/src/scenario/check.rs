//! Compares an answer with the right answer.

use thiserror::Error;

use super::{Carries, PROCESSING, Step, Wire};
use crate::answer::{Answer, AppInfo};

/// Why an answer is not the right answer of a step.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Mismatch {
    /// The result code is wrong.
    #[error("resultCode is {found}, not {expected}")]
    Code {
        /// The code of the right answer.
        expected: &'static str,
        /// The code of this answer.
        found: String,
    },
    /// `instanceId` is missing.
    #[error("instanceId is missing")]
    InstanceIdMissing,
    /// `instanceId` differs from [`Wire::instance_id`].
    #[error("instanceId is not the same as before")]
    InstanceIdChanged,
    /// `appInfo` is missing.
    #[error("appInfo is missing")]
    AccessMissing,
    /// The answer does not list the instances of the query that exist.
    #[error("info lists the instances {found:?}, not {expected:?}")]
    Listed {
        /// The IDs of the right answer.
        expected: Vec<String>,
        /// The IDs of this answer.
        found: Vec<String>,
    },
}

impl Step {
    /// Compares an answer with the right answer.
    ///
    /// If [`Wire::instance_id`] is empty, any ID is right for the instance of this scenario.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub fn check(&self, wire: &Wire, answer: &Answer) -> Result<(), Mismatch> {
        if answer.code != self.code {
            return Err(Mismatch::Code { expected: self.code, found: answer.code.clone() });
        }
        match &self.carries {
            Carries::Nothing => Ok(()),
            Carries::AnyInstance { access } => check_instance("", *access, answer),
            Carries::ThisInstance { access } => check_instance(wire.instance_id, *access, answer),
            Carries::Listed(ids) => check_list(ids.iter().map(|id| id.text(wire)), answer),
        }
    }

    /// Whether the answer to a purchase means that the order is being processed. The marketplace
    /// then asks again.
    #[must_use]
    pub fn waits(&self, answer: &Answer) -> bool {
        let buys = matches!(self.carries, Carries::ThisInstance { .. });
        buys && self.code != PROCESSING && answer.code == PROCESSING
    }

    /// The ID of the instance of this scenario, if the answer to this step contains it.
    #[must_use]
    pub fn learn<'a>(&self, answer: &'a Answer) -> Option<&'a str> {
        match self.carries {
            Carries::ThisInstance { .. } => answer.instance_id.as_deref(),
            Carries::Nothing | Carries::AnyInstance { .. } | Carries::Listed(_) => None,
        }
    }
}

fn check_instance(known: &str, access: bool, answer: &Answer) -> Result<(), Mismatch> {
    let id = answer.instance_id.as_deref().ok_or(Mismatch::InstanceIdMissing)?;
    if !known.is_empty() && id != known {
        return Err(Mismatch::InstanceIdChanged);
    }
    check_access(access, answer.app_info.as_ref())
}

fn check_list(ids: impl Iterator<Item = String>, answer: &Answer) -> Result<(), Mismatch> {
    let expected: Vec<String> = ids.collect();
    let found: Vec<String> = answer.info.iter().map(|one| one.instance_id.clone()).collect();
    if expected != found {
        return Err(Mismatch::Listed { expected, found });
    }
    answer.info.iter().try_for_each(|one| check_access(true, one.app_info.as_ref()))
}

fn check_access(access: bool, app_info: Option<&AppInfo>) -> Result<(), Mismatch> {
    if access && app_info.is_none() { Err(Mismatch::AccessMissing) } else { Ok(()) }
}
