//! The calls to measure, and a koohook in this process that answers them.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use shell::context::Context;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::store::Store;
use simulator::answer::{Answer, verify_body_sign};
use tests::call::{SETTINGS, config, run, v2};
use tests::world::TestWorld;

use crate::outcome::Result;

/// The whole bundle over a store, in a world whose clock does not advance.
pub type InProcessEndpoint<S> = CallbackEndpoint<TestWorld<S>>;

/// A koohook over a store. It logs nothing, because this process did not start a log.
pub fn koohook<S: Store>(store: S) -> Result<InProcessEndpoint<S>> {
    let config = config(&SETTINGS);
    let context = Context::new(config.context, TestWorld::new(store));
    Ok(CallbackEndpoint::new(config.endpoint, &functions::BASE, Arc::new(context))?)
}

/// A purchase, signed at `now_millis`.
pub fn purchase(order: &str, now_millis: u64) -> Request<Vec<u8>> {
    let line = line(order);
    let members = [
        ("activity", "newInstance"),
        ("businessId", "87b94795-0603-4e24-8ae5-69420d60e3c8"),
        ("orderId", order),
        ("orderLineId", &line),
        ("testFlag", "0"),
    ];
    v2(now_millis, &members)
}

/// The first renewal of a purchase, signed at `now_millis`.
pub fn refresh(order: &str, now_millis: u64) -> Request<Vec<u8>> {
    let line = line(order);
    let instance = domain::instance::id::derive(order, Some(&line), None);
    let renewal = format!("{order}R");
    let members = [
        ("activity", "refreshInstance"),
        ("expireTime", "20991124023618256"),
        ("instanceId", instance.as_str()),
        ("orderId", &renewal),
        ("orderLineId", &format!("{renewal}-000001")),
        ("productId", "OFFI461867333479178240"),
        ("scene", "RENEWAL"),
        ("testFlag", "0"),
    ];
    v2(now_millis, &members)
}

/// Answers a call in this process.
///
/// # Errors
/// If the answer is not a success.
pub fn answer<S: Store>(
    koohook: &InProcessEndpoint<S>,
    request: Request<Bytes>,
) -> Result<Response<Bytes>> {
    let response = run(koohook.answer(request));
    if response.body().starts_with(SUCCESS) {
        Ok(response)
    } else {
        Err(format!("not a success: {response:?}").into())
    }
}

/// Verifies an answer's signature, and checks its result code.
///
/// # Errors
/// If the answer is not signed with the key, or has another form or result code.
pub fn verified(response: &Response<Vec<u8>>, key: &str, code: &str) -> Result<Answer> {
    verify_body_sign(response, key)?;
    let answer = Answer::read(response)?;
    if answer.code == code { Ok(answer) } else { Err(format!("answered {}", answer.code).into()) }
}

/// The start of a successful answer.
pub const SUCCESS: &[u8] = br#"{"resultCode":"000000""#;

fn line(order: &str) -> String {
    format!("{order}-000001")
}

/// The start of the answer to a purchase that the product has not answered yet.
pub const PROCESSING: &[u8] = br#"{"resultCode":"000004""#;
