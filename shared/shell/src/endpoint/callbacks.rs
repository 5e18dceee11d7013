//! The endpoint of the callbacks, on plain `http` types, so that any host can serve it. Every
//! callback leaves through one function, which signs the answer.

mod done;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use domain::alarm::AlarmKind;
use domain::page::{Pages, Row};
use domain::settings::{SettingError, Settings};
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use protocol::access_key::{AccessKey, Keyring};
use protocol::message::{Activity, Fields};
use protocol::signature::{
    Contract, Interface, Rejection, TimestampUnit, Unverified, Verified, body_sign,
};

use self::done::{Done, Matched};
use crate::call_error::CallError;
use crate::call_log::{CallEnd, CallLog, Receipt};
use crate::callback::{Callback, Handled};
use crate::context::Context;
use crate::endpoint::{Admitted, Endpoint};
use crate::failure::Failure;
use crate::route::{
    Route, ServedInterfaces, closed, closed_and_logged, health_answer, json, kit_headers,
};
use crate::unverified_bodies::UnverifiedBody;
use crate::world::{Deadline, World};

/// The part of the seller's configuration that the endpoint needs.
#[derive(Debug)]
pub struct CallbackSettings {
    /// The path of the production address. A call to another path is answered with HTTP 404.
    pub base_path: String,
    /// The keys of the base interfaces. Without keys they are not served.
    pub base_keys: Option<Keyring>,
    /// The keys of the joint-operations kit. Without keys it is not served.
    pub kit_keys: Option<Keyring>,
    /// The unit of V2's timestamps.
    pub timestamp_unit: TimestampUnit,
    /// Whether answers under V2 are signed. Answers under V1 always are.
    pub v2_body_sign: bool,
    /// How long a V1 newInstance may take. Every other callback may take [`BUDGET`].
    pub v1_new_instance: Duration,
    /// The settings of the pages.
    pub pages: Settings,
}

/// Answers the callbacks of several pages at one address.
pub struct CallbackEndpoint<W> {
    settings: CallbackSettings,
    pages: Pages,
    context: Arc<Context<W>>,
}

/// The time from receipt to answer (decision G2). The marketplace waits five seconds.
pub const BUDGET: Duration = Duration::from_secs(4);

/// `http` keeps header names in lower case. A host that writes HTTP/1 capitalises them again, since
/// the marketplace reportedly looks for exactly `Body-Sign`.
const BODY_SIGN: HeaderName = HeaderName::from_static("body-sign");

impl<W: World> CallbackEndpoint<W> {
    /// Makes the endpoint of the pages of `rows`.
    ///
    /// # Errors
    /// If a page cannot work under the settings.
    pub fn new(
        settings: CallbackSettings,
        rows: &[Row],
        context: Arc<Context<W>>,
    ) -> Result<Self, SettingError> {
        Ok(Self { pages: Pages::new(rows, &settings.pages)?, settings, context })
    }

    /// The context behind the endpoint.
    pub const fn context(&self) -> &Arc<Context<W>> {
        &self.context
    }

    /// The world behind the endpoint.
    pub fn world(&self) -> &W {
        &self.context.world
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let at = self.context.world.elapsed();
        let (mut head, body) = request.into_parts();
        let unverified_body = head.extensions.remove();
        let route = match self.route(&head) {
            Ok(route) => route,
            Err(response) => return response,
        };
        if body.len() > route.max_body_len() {
            return closed(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let origin = head.extensions.remove();
        let receipt = Receipt { contract: route.contract, at, origin };
        self.callback(unverified(route, &head, &body), unverified_body, route, receipt).await
    }

    /// Finds the route of a request by its request line and headers, before a host reads the body.
    ///
    /// # Errors
    /// The answer, if the request needs no further work.
    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    pub fn route(&self, head: &Parts) -> Result<Route, Response<Bytes>> {
        if let Some(response) = health_answer(head, &self.context.readiness) {
            return Err(response);
        }
        let CallbackSettings { base_path, base_keys, kit_keys, .. } = &self.settings;
        let served = ServedInterfaces { base: base_keys.is_some(), kit: kit_keys.is_some() };
        Route::find(head, base_path, served)
    }

    /// Carries out a callback and answers it. The answer is signed with the key that verified the
    /// call, or with the route's current key if no key did. A panic in a step becomes an answer,
    /// too.
    async fn callback(
        &self,
        call: Unverified<'_>,
        unverified_body: Option<Arc<UnverifiedBody>>,
        route: Route,
        receipt: Receipt,
    ) -> Response<Bytes> {
        let Some(keys) = self.keys(route) else {
            return closed(StatusCode::NOT_FOUND);
        };
        let matched = OnceLock::new();
        let steps = self.steps(call, unverified_body, route, keys, receipt.at, &matched);
        let done = match AssertUnwindSafe(steps).catch_unwind().await {
            // The marketplace sends no call with this many values.
            Ok(done @ Done { end: CallEnd::Rejected(Rejection::TooManyNodes), .. }) => {
                self.log(&done, &receipt);
                return closed_and_logged(StatusCode::PAYLOAD_TOO_LARGE);
            }
            Ok(done) => done,
            Err(_) => {
                let log = matched.get().map(|matched| matched.log.clone()).unwrap_or_default();
                Done::not_carried_out(CallError::Failed(Failure::Panicked), log)
            }
        };
        let key = matched.get().map_or(&keys.current, |matched| &matched.key);
        self.leave(&done, key, &receipt)
    }

    async fn steps(
        &self,
        call: Unverified<'_>,
        unverified_body: Option<Arc<UnverifiedBody>>,
        route: Route,
        keys: &Keyring,
        received: Duration,
        matched: &OnceLock<Matched>,
    ) -> Done {
        let unit = self.settings.timestamp_unit;
        let now = self.context.world.now();
        let verified = match call.verify(keys, unit, now) {
            Ok(verified) => verified,
            Err(rejection) => {
                let untimely = rejection.is_signed().then(|| call.untimely(keys, unit, now));
                let log = untimely.flatten().map(|call| {
                    let call = call.signed_members();
                    CallLog::verified(activity_of(route, call), call, keys)
                });
                return Done { log: log.unwrap_or_default(), ..Done::rejected(rejection) };
            }
        };
        // The call is verified: its body no longer counts as unverified.
        drop(unverified_body);
        let activity = activity_of(route, &verified);
        let log = CallLog::verified(activity, &verified, keys);
        // The cell is empty: only this line fills it.
        let _ = matched.set(Matched { key: verified.key().clone(), log: log.clone() });
        let budget = self.budget(&verified, activity);
        let deadline = Deadline::after(received, budget);
        let callback = Callback {
            context: &self.context,
            repository: self.context.repository(deadline),
            stretch: budget.saturating_sub(BUDGET),
            verified: &verified,
            log,
        };
        let page = activity.and_then(|activity| self.pages.find(activity));
        // Boxed: the future is large, and its type would make each host slow to compile.
        let Handled { reply, log } = callback.carry_out(page).boxed().await;
        match reply {
            Ok(reply) => Done { reply, end: CallEnd::Replied, log },
            Err(error) => Done::not_carried_out(error, log),
        }
    }

    /// Checks the request line and headers of a call. The same function answers a call that is
    /// rejected here and a call whose body was read, so that both answers are identical.
    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    fn check_headers(&self, route: Route, head: &Parts) -> Result<(), Response<Bytes>> {
        let world = &self.context.world;
        let at = world.elapsed();
        let keys = self.keys(route).ok_or_else(|| closed(StatusCode::NOT_FOUND))?;
        let checked =
            unverified(route, head, &[]).judge_head(self.settings.timestamp_unit, world.now());
        checked.map_err(|rejection| {
            let origin = head.extensions.get().cloned();
            let receipt = Receipt { contract: route.contract, at, origin };
            self.leave(&Done::rejected(rejection), &keys.current, &receipt)
        })
    }

    /// Logs, signs and returns the answer. Every callback ends here.
    fn leave(&self, done: &Done, key: &AccessKey, receipt: &Receipt) -> Response<Bytes> {
        self.log(done, receipt);
        let contract = receipt.contract;
        let body = done.reply.write(contract, key, self.settings.pages.strength);
        self.signed(contract, key, body)
    }

    fn log(&self, done: &Done, receipt: &Receipt) {
        match done.end {
            CallEnd::NotCarriedOut(CallError::Failed(_)) => {
                self.context.seen.fault(AlarmKind::CallsFailed, 1);
            }
            // A rehearsal does not show that the store works.
            CallEnd::Replied if !done.log.rehearsal => {
                self.context.seen.fine(AlarmKind::CallsFailed);
            }
            CallEnd::Replied | CallEnd::NotCarriedOut(_) | CallEnd::Rejected(_) => (),
        }
        let took = self.context.world.elapsed().saturating_sub(receipt.at);
        done.log.write(receipt, done.reply.code, done.end, took);
        done.log.count(&self.context.metrics, receipt, done.reply.code, done.end, took);
    }

    const fn keys(&self, route: Route) -> Option<&Keyring> {
        match route.interface {
            Interface::Base => self.settings.base_keys.as_ref(),
            Interface::Kit => self.settings.kit_keys.as_ref(),
        }
    }

    fn budget(&self, verified: &Verified, activity: Option<Activity>) -> Duration {
        match (verified.contract(), activity) {
            (Contract::V1, Some(Activity::NewInstance)) => self.settings.v1_new_instance,
            (Contract::V1 | Contract::V2, _) => BUDGET,
        }
    }

    fn signed(&self, contract: Contract, key: &AccessKey, body: Vec<u8>) -> Response<Bytes> {
        let signing = contract == Contract::V1 || self.settings.v2_body_sign;
        let signature = signing.then(|| HeaderValue::try_from(body_sign(key, &body)));
        let mut response = json(StatusCode::OK, Bytes::from(body));
        if let Some(Ok(signature)) = signature {
            response.headers_mut().insert(BODY_SIGN, signature);
        }
        response
    }
}

impl<W: World> Endpoint for CallbackEndpoint<W> {
    /// The body is not read if the headers show that the call cannot be verified (decision G6). The
    /// body may take seconds to arrive, so [`CallbackEndpoint::answer`] verifies the headers again
    /// at that time. A slow sender gains nothing, and the result of this check need not be kept.
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        let route = self.route(head)?;
        self.check_headers(route, head)?;
        Ok(Admitted { max_body_len: route.max_body_len(), interface: route.interface })
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        Self::answer(self, request).await
    }
}

fn activity_of(route: Route, verified: &Verified) -> Option<Activity> {
    match route.interface {
        Interface::Base => Fields::of(verified).activity(),
        Interface::Kit => route.activity,
    }
}

fn unverified<'a>(route: Route, head: &'a Parts, body: &'a [u8]) -> Unverified<'a> {
    Unverified {
        interface: route.interface,
        contract: route.contract,
        query: head.uri.query().unwrap_or_default(),
        headers: kit_headers(head),
        body,
    }
}
