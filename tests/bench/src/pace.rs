//! How long a run measures.

/// The amount of work of a run.
pub struct Pace {
    /// Rounds of load on each host, and rounds of a simulation.
    pub rounds: usize,
    /// Milliseconds of load in a round.
    pub round_millis: u64,
    /// Starts of each function.
    pub starts: usize,
    /// Calls to the function whose memory is measured.
    pub calls: usize,
    /// Purchases in a round of a simulation; each one has four deliveries.
    pub purchases: usize,
    /// Instances in a store whose list is read.
    pub instances: usize,
    /// Notices that the relay delivers.
    pub relayed: usize,
    /// Reports of usage, with 1,000 records each.
    pub reports: usize,
    /// Windows of usage that wait for one run of the relay.
    pub windows: usize,
    /// Notices that wait after a weekend.
    pub drained: usize,
    /// Calls whose instructions are counted; a second run counts twice as many.
    pub counted: u32,
}

/// For figures that are published.
pub const FULL: Pace = Pace {
    rounds: 15,
    round_millis: 2_000,
    starts: 50,
    calls: 1_000,
    purchases: 10_000,
    instances: 100_000,
    relayed: 5_000,
    reports: 20,
    windows: 100_000,
    drained: 1_100_000,
    counted: 2_000,
};

/// To check that everything works.
pub const QUICK: Pace = Pace {
    rounds: 3,
    round_millis: 500,
    starts: 10,
    calls: 1_000,
    purchases: 2_000,
    instances: 10_000,
    relayed: 1_000,
    reports: 5,
    windows: 10_000,
    drained: 20_000,
    counted: 200,
};
