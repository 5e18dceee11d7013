//! Reads the body of a request, if its request line and headers admit it (decision G6).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use crate::endpoint::{Admitted, Endpoint};
use crate::route::closed;
use crate::unverified_bodies::{Bodies, UnverifiedBody};

/// What became of a request that arrived.
pub(super) enum Arrival {
    /// It is whole. The endpoint can answer it.
    Whole(Request<Bytes>),
    /// It is rejected with this answer. The second part is what was not read of it.
    Rejected(Response<Bytes>, Rest),
}

/// What was not read of a rejected request.
pub(super) enum Rest {
    /// Its whole body.
    Unread(Incoming),
    /// The rest of its body.
    Begun(Incoming),
    /// Its body arrived too slowly, and no more of it is read.
    Late,
}

/// Reads a request.
pub(super) async fn arrive<F: Endpoint>(
    endpoint: &F,
    bodies: &Arc<Bodies>,
    head: Parts,
    mut body: Incoming,
) -> Arrival {
    let Admitted { max_body_len, interface } = match endpoint.admit(&head) {
        Ok(admitted) => admitted,
        Err(response) => return Arrival::Rejected(response, Rest::Unread(body)),
    };
    // A body whose declared length is too large is rejected before it arrives.
    let fits = usize::try_from(body.size_hint().lower()).is_ok_and(|len| len <= max_body_len);
    if !fits {
        return Arrival::Rejected(closed(StatusCode::PAYLOAD_TOO_LARGE), Rest::Unread(body));
    }
    let unverified = Arc::clone(bodies).begin(interface);
    match in_time(read(&mut body, max_body_len, unverified)).await {
        Some(Ok((body, unverified))) => {
            let mut request = Request::from_parts(head, body);
            request.extensions_mut().insert(Arc::new(unverified));
            Arrival::Whole(request)
        }
        Some(Err(status)) => Arrival::Rejected(closed(status), Rest::Begun(body)),
        None => Arrival::Rejected(closed(StatusCode::REQUEST_TIMEOUT), Rest::Late),
    }
}

/// Discards a body until its end, or until its time is over: the caller can read the answer.
pub(super) async fn discard(mut body: Incoming) {
    in_time(async { while !body.is_end_stream() && matches!(body.frame().await, Some(Ok(_))) {} })
        .await;
}

/// Returns the output of a future if it ends within the time that a body may take.
async fn in_time<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..TICKS {
        if let Ok(output) = timeout(TICK, future.as_mut()).await {
            return Some(output);
        }
    }
    None
}

/// Reads a body and counts its bytes when they arrive. It reserves no more memory than the declared
/// length.
async fn read(
    body: &mut Incoming,
    max_len: usize,
    mut unverified: UnverifiedBody,
) -> Result<(Bytes, UnverifiedBody), StatusCode> {
    let declared = body.size_hint().exact().and_then(|len| usize::try_from(len).ok());
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
        if max_len - bytes.len() < data.len() {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if !unverified.grow(data.len()) {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        if bytes.capacity() - bytes.len() < data.len() {
            // The capacity doubles each time, up to the declared length.
            let most = declared.unwrap_or(max_len).max(bytes.len() + data.len());
            let wanted = (bytes.len() * 2).max(data.len()).min(most - bytes.len());
            bytes.reserve_exact(wanted.max(data.len()));
        }
        bytes.extend_from_slice(&data);
    }
    Ok((Bytes::from(bytes), unverified))
}

/// How long a body may take to arrive: 3 s, counted in ticks. A freeze of the process, however
/// long, uses up only one tick, so that bytes that arrived meanwhile are still read.
const TICK: Duration = Duration::from_millis(100);
const TICKS: usize = 30;
