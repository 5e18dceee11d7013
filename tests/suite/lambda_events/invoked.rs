//! Lambda's runtime calls an endpoint with an event.

use shell::endpoint::Endpoint;

use super::*;

/// The runtime's response to an event, or `None` if the event cannot be parsed.
pub fn invoke_at(endpoint: impl Endpoint, event: &Value) -> Option<Value> {
    // From bytes, as in the runtime.
    let event: LambdaRequest = serde_json::from_slice(event.to_string().as_bytes()).ok()?;
    let endpoint = Arc::new(endpoint);
    let process = serving_process();
    let answer = service_fn(move |request| {
        let (endpoint, process) = (Arc::clone(&endpoint), Arc::clone(&process));
        async move { Ok::<_, Error>(lambda::answer(&endpoint, &process, request).await) }
    });
    let mut adapter = Adapter::from(answer);
    let event = LambdaEvent::new(event, Context::default());
    let response = run(adapter.call(event)).unwrap();
    Some(serde_json::to_value(response).unwrap())
}
