//! Lambda's runtime calls an endpoint with an event.

use shell::endpoint::Endpoint;

use super::*;

/// The runtime's response to an event, or `None` if the event cannot be parsed.
pub fn invoke_at(endpoint: impl Endpoint, event: &Value) -> Option<Value> {
    invoke_in(endpoint, event, Context::default())
}

/// The response to an event with this context.
pub fn invoke_in(endpoint: impl Endpoint, event: &Value, context: Context) -> Option<Value> {
    // From bytes, as in the runtime.
    let event: HttpEvent = serde_json::from_slice(event.to_string().as_bytes()).ok()?;
    let event = LambdaEvent::new(event, context);
    let response = run(lambda::answer(&endpoint, &serving_process(), event));
    Some(serde_json::to_value(response).unwrap())
}
