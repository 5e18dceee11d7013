//! Cuts a notice that is too long.

use super::Notice;

impl Notice {
    /// Removes members that a product can do without, until the notice fits.
    pub(crate) fn fit(mut self) -> Self {
        let mut spare = ["other", "saasExtendParams"].into_iter();
        while self.len() > MAX_NOTICE_LEN {
            match spare.next() {
                Some(name) => self.cut(name),
                None if self.drop_longest() => (),
                None => break,
            }
        }
        self
    }

    fn cut(&mut self, name: &str) {
        if self.data.remove(name).is_some() {
            self.data.insert("truncated".to_owned(), true.into());
        }
    }

    fn drop_longest(&mut self) -> bool {
        let texts = self.data.iter().filter(|(name, _)| !KEPT_MEMBERS.contains(&name.as_str()));
        let longest = texts.max_by_key(|(_, value)| value.to_string().len());
        let Some(name) = longest.map(|(name, _)| name.clone()) else {
            return false;
        };
        self.cut(&name);
        true
    }
}

/// The longest body of a notice, in bytes.
pub const MAX_NOTICE_LEN: usize = 8 * 1024;

/// Members that identify and order a notice. They are never cut.
const KEPT_MEMBERS: [&str; 15] = [
    "activity",
    "appId",
    "before",
    "cause",
    "instanceId",
    "listTime",
    "orderDetails",
    "orderId",
    "orderLineId",
    "orgCode",
    "parts",
    "scene",
    "sequence",
    "tenantId",
    "truncated",
];
