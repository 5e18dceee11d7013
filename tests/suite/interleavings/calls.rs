//! The calls that a simulation sends: new ones and repeated ones.

use http::Request;
use protocol::signature::Contract;
use tests::call::{v1, v2};

use super::{Call, HOUR, MINUTE, PURCHASES, Simulation};
use crate::lifecycle::{CALLBACKS, Callback};

impl Simulation {
    /// A call that was sent before, unchanged or signed again.
    pub(super) fn sent_before(&mut self) -> Call {
        let mut call = self.chance.pick(&self.sent).clone();
        let now = self.koohook.world().now_millis();
        let is_fresh =
            call.callback.contract == Contract::V1 || now.abs_diff(call.signed_at) <= MINUTE;
        if !is_fresh || self.chance.one_in(2) {
            call.signed_at = now;
        }
        call
    }

    pub(super) fn new_call(&mut self, about: usize) -> Call {
        let (contract, order) = PURCHASES[about];
        let fitting: Vec<_> =
            CALLBACKS.iter().filter(|callback| callback.contract == contract).collect();
        // After a release there is little to test, so releases are rare.
        let drawn = [*self.chance.pick(&fitting), *self.chance.pick(&fitting)];
        let ends = drawn[0].name.ends_with("releaseInstance") && !self.chance.one_in(4);
        let first = self.sent.iter().all(|sent| sent.about != about || sent.rehearsal);
        let callback = match (first, ends) {
            (true, _) => fitting[0],
            (false, true) => drawn[1],
            (false, false) => drawn[0],
        };
        let now = self.koohook.world().now_millis();
        Call {
            callback,
            about,
            members: self.members(callback, about, order, now),
            signed_at: self.signing_time(contract, now),
            rehearsal: self.chance.one_in(10),
        }
    }

    /// A time that the contract allows: now, earlier, or in the future.
    pub(super) fn signing_time(&mut self, contract: Contract, now: u64) -> u64 {
        let (ago, ahead) = match contract {
            Contract::V1 => (2 * HOUR, 30 * MINUTE),
            Contract::V2 => (MINUTE, MINUTE),
        };
        match self.chance.below(6) {
            0 => now - self.chance.below(ago),
            1 => now + self.chance.below(ahead),
            _ => now,
        }
    }

    /// The members of a call from the table, for this purchase. There are three later orders and
    /// several expiries, so that an order may be repeated with other values.
    pub(super) fn members(
        &mut self,
        callback: &Callback,
        about: usize,
        order: &str,
        now: u64,
    ) -> Vec<(String, String)> {
        let id = self.id_of(about);
        let buys = callback.name.ends_with("newInstance");
        let later = format!("{order}-{}", self.chance.below(3));
        let order = if buys { order.to_owned() } else { later };
        let expires = now + self.chance.below(4) * 20 * HOUR;
        let mut members = Vec::new();
        for (name, value) in callback.members(&id) {
            let value = match name {
                "orderId" => order.clone(),
                "orderLineId" => format!("{order}-1"),
                "expireTime" => simulator::time::to_the_second(expires),
                _ => value.to_owned(),
            };
            members.push((name.to_owned(), value));
        }
        if buys && self.chance.one_in(4) {
            members.push(("acceptanceTime".to_owned(), "20261006000000000".to_owned()));
        }
        members
    }

    pub(super) fn request(call: &Call) -> Request<Vec<u8>> {
        let members = call.members.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let flag = call.rehearsal.then_some(("testFlag", "1"));
        let members: Vec<_> = members.chain(flag).collect();
        match call.callback.contract {
            Contract::V1 => v1(call.signed_at, &members),
            Contract::V2 => v2(call.signed_at, &members),
        }
    }
}
