//! How the fault proxy treats an exchange.

use std::time::Duration;

use crate::chance::Chance;

/// The treatment of one exchange. The default passes it unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Treatment {
    /// The greatest number of bytes in one write, if it is limited.
    pub slice: Option<usize>,
    /// The fault of the exchange.
    pub fault: Option<Fault>,
}

/// A fault of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The side that it hits.
    pub side: Side,
    /// The number of that side's bytes that pass before the fault.
    pub after: usize,
    /// The kind of fault.
    pub what: What,
}

/// The halves of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// From the client to the server.
    Request,
    /// From the server to the client.
    Reply,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// No byte passes for a while.
    Pause(Duration),
    /// No byte passes on that side any more. Both ends stay open.
    Silence,
    /// That side is closed. The other side continues.
    HalfClose,
    /// The connection is closed in order.
    Close,
    /// The connection is reset: both ends receive RST.
    Reset,
}

impl Treatment {
    /// A random treatment: mostly no fault, sometimes a severe one.
    pub fn drawn(chance: &mut Chance) -> Self {
        let slice = chance.one_in(4).then(|| 1 + chance.place(40));
        let what = match chance.below(48) {
            0 => What::Silence,
            1..=10 => What::Reset,
            11..=20 => What::Close,
            21..=28 => What::HalfClose,
            _ => What::Pause(Duration::from_millis(chance.below(200))),
        };
        let side = *chance.pick(&[Side::Request, Side::Reply, Side::Reply]);
        let most = *chance.pick(&[2, 16, 1_200]);
        let after = chance.place(most);
        let fault = chance.one_in(3).then_some(Fault { side, after, what });
        Self { slice, fault }
    }
}

impl Fault {
    /// The treatment that has only this fault.
    pub const fn as_treatment(self) -> Treatment {
        Treatment { slice: None, fault: Some(self) }
    }
}
