//! Notices that a later notice makes void (decision E1).

use protocol::message::Scene;
use serde_json::Value;

use super::Notice;
use super::kind::NoticeType;

impl Notice {
    /// Whether a later notice makes this notice void: the later notice contains all that the
    /// product needs (decision E1). A purchase and a release are never void. A renewal that changes
    /// more than the expiry is never void.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these types can be void")]
    pub(crate) fn made_void_by(&self, later: &Self) -> bool {
        match self.kind {
            NoticeType::Frozen | NoticeType::Thawed => {
                matches!(later.kind, NoticeType::Frozen | NoticeType::Thawed)
            }
            NoticeType::Renewed => later.kind == NoticeType::Renewed && self.changes_only_expiry(),
            _ => false,
        }
    }

    fn changes_only_expiry(&self) -> bool {
        let text = |name| self.data.get(name).and_then(Value::as_str).unwrap_or_default();
        let plain = [Scene::Renewal, Scene::UnsubscribeRenewalPeriod, Scene::Renew, Scene::Cancel];
        let is_plain = |scene: &str| plain.iter().any(|plain| plain.as_str() == scene);
        text("productId").trim().is_empty() && is_plain(text("scene"))
    }
}
