//! From an HTTP request to an HTTP response, on plain `http` types, so that any host can carry it.
//! Every callback leaves through one exit, and that exit signs.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use domain::page::{Pages, Row};
use domain::settings::{SettingError, Settings};
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use protocol::access_key::{AccessKey, Keyring};
use protocol::message::{Activity, Fields, Reply};
use protocol::signature::{
    Contract, Interface, Rejection, TimestampUnit, Unverified, Verified, body_sign,
};

use crate::call_error::CallError;
use crate::call_log::{CallEnd, CallLog};
use crate::callback::{Callback, Handled};
use crate::context::Context;
use crate::endpoint::{Admitted, Endpoint};
use crate::failure::Failure;
use crate::route::{Route, ServedInterfaces, closed, json, kit_headers};
use crate::unverified_bodies::UnverifiedBody;
use crate::world::{Deadline, World};

/// What the endpoint is told of the seller's configuration.
#[derive(Debug)]
pub struct CallbackSettings {
    /// The production address's path; a call to any other path is HTTP 404.
    pub base_path: String,
    /// The keys of the base interfaces; without them there are none.
    pub base_keys: Option<Keyring>,
    /// The keys of the joint-operations kit; without them there is none.
    pub kit_keys: Option<Keyring>,
    /// V2's unit of time.
    pub timestamp_unit: TimestampUnit,
    /// Whether answers under V2 are signed, too.
    pub v2_body_sign: bool,
    /// How long a V1 newInstance may take; every other callback has [`BUDGET`].
    pub v1_new_instance: Duration,
    /// The settings of the pages.
    pub pages: Settings,
}

/// The callbacks of some pages at one address.
pub struct CallbackEndpoint<W> {
    settings: CallbackSettings,
    pages: Pages,
    context: Arc<Context<W>>,
}

/// From receipt to answer (decision G2). The marketplace waits five seconds.
pub const BUDGET: Duration = Duration::from_secs(4);

/// `http` keeps names in lower case; a host that writes HTTP/1 capitalises them again, since the
/// marketplace is said to look for exactly `Body-Sign`.
const BODY_SIGN: HeaderName = HeaderName::from_static("body-sign");

impl<W: World> CallbackEndpoint<W> {
    /// The endpoint of the pages of rows.
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
        let received = self.context.world.elapsed();
        let (mut head, body) = request.into_parts();
        let unproven = head.extensions.remove();
        let route = match self.route(&head) {
            Ok(route) => route,
            Err(response) => return response,
        };
        if body.len() > route.max_body_len() {
            return closed(StatusCode::PAYLOAD_TOO_LARGE);
        }
        self.callback(unverified(route, &head, &body), unproven, route, received).await
    }

    /// Finds the route of a request by its head, before a host reads the body.
    ///
    /// # Errors
    /// The answer, where there is no more to do.
    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    pub fn route(&self, head: &Parts) -> Result<Route, Response<Bytes>> {
        let CallbackSettings { base_path, base_keys, kit_keys, .. } = &self.settings;
        let served = ServedInterfaces { base: base_keys.is_some(), kit: kit_keys.is_some() };
        Route::find(head, base_path, served)
    }

    /// The one way through. It starts with the route's current key and learns the one that
    /// matched; a panic below it is an answer like any other.
    async fn callback(
        &self,
        call: Unverified<'_>,
        unproven: Option<Arc<UnverifiedBody>>,
        route: Route,
        received: Duration,
    ) -> Response<Bytes> {
        let Some(keys) = self.keys(route) else {
            return closed(StatusCode::NOT_FOUND);
        };
        let matched = OnceLock::new();
        let steps = self.steps(call, unproven, route, keys, received, &matched);
        let done = match AssertUnwindSafe(steps).catch_unwind().await {
            // No call of the marketplace's has so many values.
            Ok(done @ Done { end: CallEnd::Rejected(Rejection::TooManyNodes), .. }) => {
                let took = self.context.world.elapsed().saturating_sub(received);
                done.log.write(route.contract, done.reply.code, done.end, took);
                return closed(StatusCode::PAYLOAD_TOO_LARGE);
            }
            Ok(done) => done,
            Err(_) => {
                Done::not_carried_out(CallError::Failed(Failure::Panicked), CallLog::default())
            }
        };
        let key = matched.get().unwrap_or(&keys.current);
        self.leave(&done, route.contract, key, received)
    }

    async fn steps(
        &self,
        call: Unverified<'_>,
        unproven: Option<Arc<UnverifiedBody>>,
        route: Route,
        keys: &Keyring,
        received: Duration,
        matched: &OnceLock<AccessKey>,
    ) -> Done {
        let unit = self.settings.timestamp_unit;
        let verified = match call.verify(keys, unit, self.context.world.now()) {
            Ok(verified) => verified,
            Err(rejection) => return Done::rejected(rejection),
        };
        // The body is its caller's, not a stranger's: it counts no more.
        drop(unproven);
        // The cell is empty: this is the only place that fills it.
        let _ = matched.set(verified.key().clone());
        let activity = match route.interface {
            Interface::Base => Fields::of(&verified).activity(),
            Interface::Kit => route.activity,
        };
        let budget = self.budget(&verified, activity);
        let deadline = Deadline::after(received, budget);
        let callback = Callback {
            context: &self.context,
            repository: self.context.repository(deadline),
            stretch: budget.saturating_sub(BUDGET),
            verified: &verified,
            log: CallLog::verified(activity, verified.form()),
        };
        let page = activity.and_then(|activity| self.pages.find(activity));
        // Boxed: the steps are large, and their types are not each host's to work out.
        let Handled { reply, log } = callback.carry_out(page).boxed().await;
        match reply {
            Ok(reply) => Done { reply, end: CallEnd::Replied, log },
            Err(error) => Done::not_carried_out(error, log),
        }
    }

    /// Judges a call by its head. What is rejected leaves by the same exit as a call that was read
    /// whole, so that both answers are one.
    #[expect(clippy::result_large_err, reason = "an answer is what this error is")]
    fn judge(&self, route: Route, head: &Parts) -> Result<(), Response<Bytes>> {
        let world = &self.context.world;
        let received = world.elapsed();
        let keys = self.keys(route).ok_or_else(|| closed(StatusCode::NOT_FOUND))?;
        let judged =
            unverified(route, head, &[]).judge_head(self.settings.timestamp_unit, world.now());
        judged.map_err(|rejection| {
            self.leave(&Done::rejected(rejection), route.contract, &keys.current, received)
        })
    }

    /// The one exit: it logs and signs.
    fn leave(
        &self,
        done: &Done,
        contract: Contract,
        key: &AccessKey,
        received: Duration,
    ) -> Response<Bytes> {
        let took = self.context.world.elapsed().saturating_sub(received);
        done.log.write(contract, done.reply.code, done.end, took);
        let body = done.reply.write(contract, key, self.settings.pages.strength);
        self.signed(contract, key, body)
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
    /// No body is read for a call whose head cannot be proven (decision G6). The body may take
    /// seconds to arrive, so that [`CallbackEndpoint::answer`] judges the head once more, by its own time: a
    /// sender that dawdles gains nothing, and an answer needs no memory of the head.
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        let route = self.route(head)?;
        self.judge(route, head)?;
        Ok(Admitted { max_body_len: route.max_body_len(), interface: route.interface })
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        Self::answer(self, request).await
    }
}

/// What became of a call, on its way to the exit.
struct Done {
    reply: Reply,
    end: CallEnd,
    log: CallLog,
}

impl Done {
    fn rejected(rejection: Rejection) -> Self {
        let end = CallEnd::Rejected(rejection);
        Self { reply: Reply::of(rejection.into()), end, log: CallLog::default() }
    }

    fn not_carried_out(error: CallError, log: CallLog) -> Self {
        Self { reply: Reply::of(error.into()), end: CallEnd::NotCarriedOut(error), log }
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
