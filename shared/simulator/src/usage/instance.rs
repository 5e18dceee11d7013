//! The instances that the marketplace sold.

/// An instance as the marketplace knows it. Times are in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SimulatedInstance {
    /// The ID that the seller answered to newInstance.
    pub id: String,
    /// When the buyer bought it.
    pub opened_at: u64,
    /// When it was released.
    pub closed_at: Option<u64>,
    /// Whether it is pay-per-use; if not, it is a package or a period.
    pub on_demand: bool,
    /// Whether the seller of this key sells it.
    pub ours: bool,
    /// Whether the state of its resource is abnormal.
    pub abnormal: bool,
    /// Whether its product is delisted.
    pub delisted: bool,
}

impl SimulatedInstance {
    /// A normal pay-per-use instance of this seller.
    #[must_use]
    pub fn new(id: &str, opened_at: u64) -> Self {
        Self {
            id: id.to_owned(),
            opened_at,
            closed_at: None,
            on_demand: true,
            ours: true,
            abnormal: false,
            delisted: false,
        }
    }

    /// A package of this seller.
    #[must_use]
    pub fn package(id: &str, opened_at: u64) -> Self {
        Self { on_demand: false, ..Self::new(id, opened_at) }
    }

    /// Whether a window is within the life of the instance. Both ends are in seconds.
    ///
    /// The callbacks have milliseconds and usage has seconds, so the seconds are compared.
    pub(super) fn lived(&self, begin: u64, end: u64) -> bool {
        let is_before_close = |closed_at: u64| end <= closed_at / 1_000;
        self.opened_at / 1_000 <= begin && self.closed_at.is_none_or(is_before_close)
    }
}
