//! The change of an instance by a call.

use super::Instance;
use crate::notice::NoticeType;
use crate::remark::Remark;

/// The change of an instance by a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transition {
    /// The instance after the call.
    pub instance: Instance,
    /// The notices to the product, in order.
    pub notices: Vec<NoticeType>,
    /// Whether the call revived an abandoned purchase. koohook must then offer the purchase to the
    /// product again, before any other notice.
    pub revived: bool,
    /// Why the call had less effect than it requested, or what was unusual about it.
    pub remarks: Vec<Remark>,
}

impl Transition {
    pub(super) fn revived(mut self, revived: bool) -> Self {
        self.revived = revived;
        self.remarks.extend(revived.then_some(Remark::Revived));
        self
    }
}

impl Instance {
    pub(super) fn unchanged(self, remark: Remark) -> Transition {
        Transition { instance: self, notices: Vec::new(), revived: false, remarks: vec![remark] }
    }

    pub(super) const fn changed(self, notices: Vec<NoticeType>) -> Transition {
        Transition { instance: self, notices, revived: false, remarks: Vec::new() }
    }
}
