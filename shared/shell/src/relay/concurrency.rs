//! How many deliveries a run makes concurrently (decision E4).
//!
//! A run starts with few. It makes one more after every few notices that the product accepted
//! quickly. If the product fails or slows down, the run goes back to few. So a product that works
//! again after a weekend gets its notices as fast as it accepts them, and is not knocked over.

use crate::delivery::ProductPace;

/// The current limit.
#[derive(Debug)]
pub(super) struct Concurrency {
    limit: usize,
    /// Notices that were answered quickly since the limit last changed.
    quick: usize,
}

/// The limit at the start of a run, and after the product failed.
const FEWEST: usize = 16;
/// The highest limit. A process needs one connection to the product for each.
const MOST: usize = 128;
/// After so many quick answers the limit grows by one.
const QUICK_ANSWERS: usize = 8;

impl Default for Concurrency {
    fn default() -> Self {
        Self { limit: FEWEST, quick: 0 }
    }
}

impl Concurrency {
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Notes how the product coped with a notice.
    pub fn note(&mut self, pace: ProductPace) {
        match pace {
            ProductPace::Quick => self.quick += 1,
            ProductPace::Slow => self.quick = 0,
            ProductPace::Strained => *self = Self::default(),
        }
        if self.quick >= QUICK_ANSWERS {
            self.quick = 0;
            self.limit = MOST.min(self.limit + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pace: ProductPace, count: usize, concurrency: &mut Concurrency) -> usize {
        (0..count).for_each(|_| concurrency.note(pace));
        concurrency.limit()
    }

    #[test]
    fn the_limit_grows_slowly_while_the_product_is_quick_and_falls_at_once() {
        let mut concurrency = Concurrency::default();
        assert_eq!(concurrency.limit(), 16);
        assert_eq!(after(ProductPace::Quick, 7, &mut concurrency), 16);
        assert_eq!(after(ProductPace::Quick, 1, &mut concurrency), 17);
        assert_eq!(after(ProductPace::Quick, 10_000, &mut concurrency), 128);
        assert_eq!(after(ProductPace::Slow, 10_000, &mut concurrency), 128, "slow is no failure");
        assert_eq!(after(ProductPace::Strained, 1, &mut concurrency), 16);
    }

    #[test]
    fn a_slow_product_does_not_get_more_at_once() {
        let mut concurrency = Concurrency::default();
        for _ in 0..1_000 {
            after(ProductPace::Quick, 7, &mut concurrency);
            after(ProductPace::Slow, 1, &mut concurrency);
        }
        assert_eq!(concurrency.limit(), 16);
    }
}
