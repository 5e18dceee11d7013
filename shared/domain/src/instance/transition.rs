//! What a call makes of an instance.

use super::Instance;
use crate::notice::NoticeType;
use crate::remark::Remark;

/// What a call makes of an instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transition {
    /// The instance afterwards.
    pub instance: Instance,
    /// The notices that the product gets, in order.
    pub notices: Vec<NoticeType>,
    /// Whether the call revived an abandoned purchase. The product must then be offered the
    /// purchase again, before any other notice.
    pub revived: bool,
    /// Why there was less effect than the call asked for, and what was odd about it.
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
