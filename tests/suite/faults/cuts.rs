//! Exchanges that are cut after any byte, or fall silent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use simulator::answer::Answer;
use tests::fault_proxy::{Exchange, Fault, Side, Treatment, What};
use tests::servers::Server;

use super::{CHANGES, Host, Place, SHORT, code, deliver, id_of, members, now, signed};

// Cut.

/// What is done to one exchange of one call, and then to all after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// The call, and the state after it.
    pub(super) call: (&'static str, &'static str),
    pub(super) exchange: usize,
    /// The exchange that writes.
    pub(super) writing: usize,
    pub(super) fault: Fault,
    /// How long that side of the exchange is, uncut.
    pub(super) len: usize,
    /// Whether nothing passes after it.
    pub(super) for_good: bool,
    /// Whether the server has just been started.
    pub(super) is_new: bool,
}

impl Cut {
    pub(super) fn rule(self) -> impl FnMut(usize) -> Treatment + Send {
        let what = if self.fault.what == What::Silence { What::Silence } else { What::Close };
        let never = Fault { side: Side::Request, after: 0, what };
        move |number| {
            if number == self.exchange {
                self.fault.alone()
            } else if number > self.exchange && self.for_good {
                never.alone()
            } else {
                Treatment::default()
            }
        }
    }

    /// Delivers a call that meets this, and then again by a healthy way.
    pub(super) fn hold(self, place: &Place, host: &Host) {
        let (name, state) = self.call;
        let order = place.order_for(name);
        let before = place.standing(&order);
        host.connect();
        if self.is_new {
            place.forget_scripts();
        }
        host.way.treat(self.rule());
        let call = signed(now(), &members(name, &order, "L1"));
        let answer = deliver(&host.koohook, &call);
        let met = host.way.exchanges()[self.exchange].on(self.fault.side);
        assert!(met > 0 && met >= self.fault.after, "{self:?}: {met} bytes came to the way");
        let after = place.standing(&order);
        let is_done = after != before;
        if is_done {
            assert_eq!((after.state.as_str(), after.told), (state, before.told + 1), "{self:?}");
        }
        self.hold_answer(&answer, is_done);
        host.way.pass();
        let again = deliver(&host.koohook, &call);
        assert_eq!(again.code, "000000", "{self:?}");
        let last = place.standing(&order);
        assert_eq!((last.state.as_str(), last.told), (state, before.told + 1), "I6: {self:?}");
        if is_done {
            assert_eq!(last, after, "{self:?}");
        }
        let ids = [answer.instance_id, again.instance_id].into_iter().flatten();
        let id = id_of(&order).to_string();
        assert!(ids.into_iter().all(|answered| answered == id), "I1, I2: {self:?}");
    }

    /// I8, and what is certain beyond it: a connection that ends once costs nothing, and where
    /// nothing passes any more, only the reply to a write is lost after the write.
    pub(super) fn hold_answer(&self, answer: &Answer, is_done: bool) {
        assert!(["000000", "000005"].contains(&answer.code.as_str()), "{self:?}: {answer:?}");
        assert!(is_done || answer.code == "000005", "I8: {self:?}");
        if !self.for_good {
            assert_eq!(answer.code, "000000", "{self:?}");
        } else if self.fault.after < self.len {
            let written = self.exchange == self.writing && self.fault.side == Side::Reply;
            assert_eq!((answer.code.as_str(), is_done), ("000005", written), "{self:?}");
        }
    }
}

/// The exchanges of a call that nothing is done to.
fn measured(place: &Place, call: &'static str, is_new: bool) -> Vec<Exchange> {
    let (host, order) = (place.host(), place.order_for(call));
    host.connect();
    if is_new {
        place.forget_scripts();
    }
    assert_eq!(code(&host.koohook, &signed(now(), &members(call, &order, "L1"))), "000000");
    host.way.exchanges()
}

/// Where a side of so many bytes is cut: everywhere. But a long request, which the server reads
/// whole or not at all, is not cut in every place in its middle; and the long reply, which is the
/// same bytes for every call on a purchase, is cut in each place by one of them.
fn places(side: Side, len: usize, call: &str) -> Vec<usize> {
    let asked = std::env::var("KOOHOOK_FAULT_PLACES");
    let is_wanted = |after: &usize| {
        let is_edge = *after < 24 || after + 24 > len;
        let is_taken = match side {
            Side::Request => after.is_multiple_of(61),
            Side::Reply => CHANGES.get(1 + after % 3).map(|(name, _)| *name) == Some(call),
        };
        len <= SHORT || is_edge || is_taken || asked.as_deref() == Ok("all")
    };
    (0..=len).filter(is_wanted).collect()
}

/// How cuts end: the short in every way, the long in turn; and whether anything passes later.
fn ends(len: usize, turn: usize) -> impl Iterator<Item = (What, bool)> {
    let whats = [What::Close, What::Reset, What::HalfClose];
    let all = whats.into_iter().flat_map(|what| [(what, true), (what, false)]);
    let is_wanted = move |number| len <= SHORT || number == turn % 6;
    all.enumerate().filter(move |(number, _)| is_wanted(*number)).map(|(_, end)| end)
}

/// Cuts in all places of all exchanges of a call.
fn cuts(place: &Place, call: (&'static str, &'static str), is_new: bool) -> Vec<Cut> {
    let exchanges = measured(place, call.0, is_new);
    let writing = exchanges.len() - 1;
    // What a new server is asked first is what any is.
    let exchanges = exchanges.iter().enumerate().skip(usize::from(is_new));
    let sides = exchanges.flat_map(|(exchange, found)| {
        [Side::Request, Side::Reply].map(|side| (exchange, side, found.on(side)))
    });
    let mut cuts = Vec::new();
    for (exchange, side, len) in sides {
        for (turn, after) in places(side, len, call.0).into_iter().enumerate() {
            cuts.extend(ends(len, turn).map(|(what, for_good)| {
                let fault = Fault { side, after, what };
                Cut { call, exchange, writing, fault, len, for_good, is_new }
            }));
        }
    }
    cuts
}

/// Holds all cuts, so many at a time.
fn hold_all(place: &Place, cuts: &[Cut], at_once: usize) {
    let next = AtomicUsize::new(0);
    let work = || {
        let host = place.host();
        while let Some(cut) = cuts.get(next.fetch_add(1, Ordering::SeqCst)) {
            cut.hold(place, &host);
        }
    };
    std::thread::scope(|scope| (0..at_once).for_each(|_| drop(scope.spawn(work))));
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are there to be read")]
fn an_exchange_cut_after_any_byte_leaves_one_effect_and_no_lie() {
    let Some(place) = Place::new(Server::Redis) else { return };
    for call in CHANGES {
        let begun = Instant::now();
        let cuts = cuts(&place, call, false);
        hold_all(&place, &cuts, 6);
        println!("{}: {} cuts, {:?}", call.0, cuts.len(), begun.elapsed());
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are there to be read")]
fn so_does_one_with_a_server_that_has_to_be_told_its_script() {
    let Some(place) = Place::new(Server::RedisForgetful) else { return };
    let begun = Instant::now();
    let cuts = cuts(&place, CHANGES[0], true);
    assert_eq!(cuts.iter().map(|cut| cut.writing).max(), Some(2));
    hold_all(&place, &cuts, 1);
    println!("{} cuts, {:?}", cuts.len(), begun.elapsed());
}

/// Silence is not an end: whoever meets it waits, and answers in time all the same.
#[test]
fn an_exchange_that_falls_silent_leaves_one_effect_and_no_lie_in_time() {
    let Some(place) = Place::new(Server::Redis) else { return };
    let mut silences = Vec::new();
    for call in [CHANGES[0], CHANGES[1]] {
        for (exchange, found) in measured(&place, call.0, false).iter().enumerate() {
            for side in [Side::Request, Side::Reply] {
                let len = found.on(side);
                for (after, for_good) in [(0, true), (len / 2, false), (len - 1, true)] {
                    let fault = Fault { side, after, what: What::Silence };
                    let (writing, is_new) = (1, false);
                    silences.push(Cut { call, exchange, writing, fault, len, for_good, is_new });
                }
            }
        }
    }
    hold_all(&place, &silences, silences.len());
}
