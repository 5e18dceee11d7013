//! A run of the relay writes one line, however it is started.

use std::sync::Arc;

use bytes::Bytes;
use domain::secret::Secret;
use http::Request;
use serde_json::json;
use shell::endpoint::Endpoint;
use shell::endpoint::relay::RelayEndpoint;
use tests::product::{READY, ScriptedProduct};

use super::*;

fn start_over_http(koohook: &Bundled) -> u16 {
    let secret = Secret::new("constructed-relay-secret".to_owned());
    let endpoint = RelayEndpoint::new(Arc::clone(koohook.endpoint.context()), secret);
    let request =
        Request::post("/relay").header("authorization", "Bearer constructed-relay-secret");
    run(endpoint.answer(request.body(Bytes::new()).unwrap())).status().as_u16()
}

#[test]
fn a_run_over_http_writes_its_line_and_a_run_without_work_writes_none() {
    let koohook = relayed();
    ScriptedProduct::of(koohook.world(), |_| READY);
    buy(&koohook, "CS1");
    let log = Log::default();
    let guard = log.keep();
    assert_eq!(start_over_http(&koohook), 200);
    assert_eq!(start_over_http(&koohook), 200);
    drop(guard);
    let [line] = lines(&log, "relay run finished").try_into().expect("one run");
    let read = ["level", "delivered", "failed", "troubled", "stopped"];
    let expected = [json!("INFO"), json!(1), json!(0), json!(0), json!(false)];
    assert_eq!(read.map(|name| line[name].clone()), expected);
}
