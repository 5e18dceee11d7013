//! Asks a running server whether it is alive and ready.

use http::Request;
use ureq::Agent;

use crate::error::CommandError;
use crate::findings::{Finding, Findings};
use crate::wire;

/// Prints a finding for `/healthz` and one for `/readyz`.
pub fn check(origin: &str, findings: &mut Findings) {
    let client = wire::client();
    let alive = match status(&client, origin, "/healthz") {
        Ok(200) => Finding::ok(format!("alive at {origin}")),
        Ok(status) => Finding::failed(format!("{origin}/healthz answers {status}; {OTHER}")),
        Err(fault) => Finding::failed(fault.to_string()),
    };
    let is_alive = alive == Finding::ok(format!("alive at {origin}"));
    findings.print("server", &alive);
    if is_alive {
        findings.print("ready", &ready(status(&client, origin, "/readyz")));
    }
}

fn ready(asked: Result<u16, CommandError>) -> Finding {
    match asked {
        Ok(200) => Finding::ok("/readyz answers 200"),
        Ok(404) => Finding::warn(UNPROBED),
        Ok(status) => Finding::failed(format!("/readyz answers {status}; {READ_LOG}")),
        Err(fault) => Finding::failed(fault.to_string()),
    }
}

fn status(client: &Agent, origin: &str, path: &str) -> Result<u16, CommandError> {
    let request = Request::get(format!("{origin}{path}")).body(Vec::new())?;
    Ok(wire::send(client, request)?.response.status().as_u16())
}

const OTHER: &str = "another program may listen there; check the address";
const UNPROBED: &str = "the server has no /readyz: a function platform runs it, or it is older";
const READ_LOG: &str = "the line `not ready` in its log says why; run koohook check";
