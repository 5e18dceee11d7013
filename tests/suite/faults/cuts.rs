//! Exchanges that are cut after any byte, or that become silent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use simulator::answer::Answer;
use tests::fault_proxy::{Exchange, Fault, Side, Treatment, What};
use tests::servers::Server;

use super::{CHANGES, Host, Place, SHORT, code, deliver, id_of, members, now, signed};

/// A fault in one exchange of a call, and the treatment of all later exchanges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// The call, and the state after it.
    pub(super) call: (&'static str, &'static str),
    pub(super) exchange: usize,
    /// The exchange that writes.
    pub(super) writing: usize,
    pub(super) fault: Fault,
    /// The length of this side of the exchange without the fault.
    pub(super) len: usize,
    /// Whether the later exchanges fail, too.
    pub(super) is_permanent: bool,
    /// Whether the server has just been started.
    pub(super) is_new: bool,
}

impl Cut {
    pub(super) fn rule(self) -> impl FnMut(usize) -> Treatment + Send {
        let what = if self.fault.what == What::Silence { What::Silence } else { What::Close };
        let never = Fault { side: Side::Request, after: 0, what };
        move |number| {
            if number == self.exchange {
                self.fault.as_treatment()
            } else if number > self.exchange && self.is_permanent {
                never.as_treatment()
            } else {
                Treatment::default()
            }
        }
    }

    /// Delivers a call with the fault, and then again without a fault.
    pub(super) fn check(self, place: &Place, host: &Host) {
        let (name, state) = self.call;
        let order = place.order_for(name);
        let before = place.stored(&order);
        host.connect();
        if self.is_new {
            place.forget_scripts();
        }
        host.proxy.treat(self.rule());
        let call = signed(now(), &members(name, &order, "L1"));
        let answer = deliver(&host.koohook, &call);
        let met = host.proxy.exchanges()[self.exchange].on(self.fault.side);
        assert!(met > 0 && met >= self.fault.after, "{self:?}: {met} bytes reached the proxy");
        let after = place.stored(&order);
        let is_done = after != before;
        if is_done {
            assert_eq!(
                (after.state.as_str(), after.notices),
                (state, before.notices + 1),
                "{self:?}"
            );
        }
        self.check_answer(&answer, is_done);
        host.proxy.pass();
        let repeated = deliver(&host.koohook, &call);
        assert_eq!(repeated.code, "000000", "{self:?}");
        let last = place.stored(&order);
        assert_eq!(
            (last.state.as_str(), last.notices),
            (state, before.notices + 1),
            "invariant 6: {self:?}"
        );
        if is_done {
            assert_eq!(last, after, "{self:?}");
        }
        let ids = [answer.instance_id, repeated.instance_id].into_iter().flatten();
        let id = id_of(&order).to_string();
        assert!(ids.into_iter().all(|answered| answered == id), "invariants 1, 2: {self:?}");
    }

    /// Invariant 8, and more: a connection that is cut only once must not fail the call. If all later
    /// exchanges fail, the call is done only if the reply to its write was lost.
    pub(super) fn check_answer(&self, answer: &Answer, is_done: bool) {
        assert!(["000000", "000005"].contains(&answer.code.as_str()), "{self:?}: {answer:?}");
        assert!(is_done || answer.code == "000005", "invariant 8: {self:?}");
        if !self.is_permanent {
            assert_eq!(answer.code, "000000", "{self:?}");
        } else if self.fault.after < self.len {
            let written = self.exchange == self.writing && self.fault.side == Side::Reply;
            assert_eq!((answer.code.as_str(), is_done), ("000005", written), "{self:?}");
        }
    }
}

/// The exchanges of a call without faults.
fn exchanges_of(place: &Place, call: &'static str, is_new: bool) -> Vec<Exchange> {
    let (host, order) = (place.host(), place.order_for(call));
    host.connect();
    if is_new {
        place.forget_scripts();
    }
    assert_eq!(code(&host.koohook, &signed(now(), &members(call, &order, "L1"))), "000000");
    host.proxy.exchanges()
}

/// The places to cut a side of `len` bytes: usually all. A long request is cut in only some places
/// of its middle, because the server reads all of it or nothing. A long reply has the same bytes
/// for every call on a purchase. So each place is cut for only one of these calls.
fn places(side: Side, len: usize, call: &str) -> Vec<usize> {
    let wanted = std::env::var("KOOHOOK_FAULT_PLACES");
    let is_wanted = |after: &usize| {
        let is_edge = *after < 24 || after + 24 > len;
        let is_taken = match side {
            Side::Request => after.is_multiple_of(61),
            Side::Reply => CHANGES.get(1 + after % 3).map(|(name, _)| *name) == Some(call),
        };
        len <= SHORT || is_edge || is_taken || wanted.as_deref() == Ok("all")
    };
    (0..=len).filter(is_wanted).collect()
}

/// The kinds of a cut, and whether later exchanges pass. A short side gets every kind of cut. A
/// long side gets one kind at each place, in turn.
fn ends(len: usize, turn: usize) -> impl Iterator<Item = (What, bool)> {
    let whats = [What::Close, What::Reset, What::HalfClose];
    let all = whats.into_iter().flat_map(|what| [(what, true), (what, false)]);
    let is_wanted = move |number| len <= SHORT || number == turn % 6;
    all.enumerate().filter(move |(number, _)| is_wanted(*number)).map(|(_, end)| end)
}

/// All cuts in all exchanges of a call.
fn cuts(place: &Place, call: (&'static str, &'static str), is_new: bool) -> Vec<Cut> {
    let exchanges = exchanges_of(place, call.0, is_new);
    let writing = exchanges.len() - 1;
    // The first exchange with a new server is skipped, because it is the same as with any server.
    let exchanges = exchanges.iter().enumerate().skip(usize::from(is_new));
    let sides = exchanges.flat_map(|(exchange, found)| {
        [Side::Request, Side::Reply].map(|side| (exchange, side, found.on(side)))
    });
    let mut cuts = Vec::new();
    for (exchange, side, len) in sides {
        for (turn, after) in places(side, len, call.0).into_iter().enumerate() {
            cuts.extend(ends(len, turn).map(|(what, is_permanent)| {
                let fault = Fault { side, after, what };
                Cut { call, exchange, writing, fault, len, is_permanent, is_new }
            }));
        }
    }
    cuts
}

/// Checks all cuts, on `threads` threads.
fn check_all(place: &Place, cuts: &[Cut], threads: usize) {
    let next = AtomicUsize::new(0);
    let work = || {
        let host = place.host();
        while let Some(cut) = cuts.get(next.fetch_add(1, Ordering::SeqCst)) {
            cut.check(place, &host);
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are meant to be read")]
fn a_call_cut_after_any_byte_has_one_effect_and_a_correct_answer() {
    let Some(place) = Place::new(Server::Redis) else { return };
    for call in CHANGES {
        let begun = Instant::now();
        let cuts = cuts(&place, call, false);
        check_all(&place, &cuts, 6);
        println!("{}: {} cuts, {:?}", call.0, cuts.len(), begun.elapsed());
    }
    place.check_catalogue();
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are meant to be read")]
fn a_call_that_loads_the_script_and_is_cut_has_one_effect() {
    let Some(place) = Place::new(Server::RedisForgetful) else { return };
    let begun = Instant::now();
    let cuts = cuts(&place, CHANGES[0], true);
    assert_eq!(cuts.iter().map(|cut| cut.writing).max(), Some(2));
    check_all(&place, &cuts, 1);
    println!("{} cuts, {:?}", cuts.len(), begun.elapsed());
    place.check_catalogue();
}

/// A silent connection does not end. koohook waits for it, and must still answer in time.
#[test]
fn a_call_over_a_silent_connection_is_answered_in_time() {
    let Some(place) = Place::new(Server::Redis) else { return };
    let mut silences = Vec::new();
    for call in [CHANGES[0], CHANGES[1]] {
        for (exchange, found) in exchanges_of(&place, call.0, false).iter().enumerate() {
            for side in [Side::Request, Side::Reply] {
                let len = found.on(side);
                for (after, is_permanent) in [(0, true), (len / 2, false), (len - 1, true)] {
                    let fault = Fault { side, after, what: What::Silence };
                    let (writing, is_new) = (1, false);
                    silences.push(Cut {
                        call,
                        exchange,
                        writing,
                        fault,
                        len,
                        is_permanent,
                        is_new,
                    });
                }
            }
        }
    }
    check_all(&place, &silences, silences.len());
    place.check_catalogue();
}
