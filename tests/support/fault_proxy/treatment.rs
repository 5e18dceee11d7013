//! What a fault proxy does to an exchange.

use std::time::Duration;

use crate::chance::Chance;

/// How one exchange is treated; by itself, well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Treatment {
    /// How many bytes are passed at once at most, where that is limited.
    pub slice: Option<usize>,
    /// What goes wrong with it.
    pub fault: Option<Fault>,
}

/// What goes wrong with an exchange, and where.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// On which side.
    pub side: Side,
    /// After how many of that side's bytes: no more of them are passed before it.
    pub after: usize,
    /// What.
    pub what: What,
}

/// The halves of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// What a client says.
    Request,
    /// What the server says to it.
    Reply,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// Nothing passes for a while.
    Pause(Duration),
    /// Nothing passes on that side any more, and nobody is told.
    Silence,
    /// That side is over; the other one goes on.
    HalfClose,
    /// The connection is over, and both ends are told in order.
    Close,
    /// The connection never was: both ends are told RST.
    Reset,
}

impl Treatment {
    /// What chance does to an exchange: mostly nothing, now and then much.
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
    /// The treatment that this is all of.
    pub const fn alone(self) -> Treatment {
        Treatment { slice: None, fault: Some(self) }
    }
}
