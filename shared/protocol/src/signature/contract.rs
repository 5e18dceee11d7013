//! The marketplace's contracts and interface types.

/// Which of the marketplace's contracts a call belongs to: decided by its route, never by trial
/// (decision A1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Contract {
    /// Access guide 1.0: GET, everything in the query.
    V1,
    /// Access guide 2.0: POST, JSON.
    V2,
}

/// Which of the marketplace's interface types a call belongs to: each has keys of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Interface {
    /// The lifecycle calls, on the production address.
    Base,
    /// The joint-operations calls, on fixed paths below it.
    Kit,
}
