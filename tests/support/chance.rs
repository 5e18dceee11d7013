//! Pseudorandom numbers from a seed.

/// A generator whose seed always gives the same numbers (Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators").
#[derive(Clone, Copy, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// The next number.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number below a limit.
    pub const fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit
    }

    /// Whether a draw with a probability of one in `many` succeeds.
    pub const fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// A random index below `many`.
    pub fn place(&mut self, many: usize) -> usize {
        let many = u64::try_from(many).unwrap();
        usize::try_from(self.below(many)).unwrap()
    }

    /// A random item of several.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let place = self.place(items.len());
        items.get(place).unwrap()
    }
}
