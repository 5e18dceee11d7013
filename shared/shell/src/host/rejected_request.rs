//! The log line of a request that no endpoint logs, because its request line and headers were
//! enough to reject it (decision I1).

use http::{Method, Response, StatusCode, Uri};

use crate::call_origin::CallOrigin;
use crate::route::Unlogged;

/// The request line of a request, as far as the log may contain it.
pub(super) struct RequestLine {
    pub method: Method,
    pub uri: Uri,
}

/// Logs a request if its answer is not logged yet.
pub(super) fn log_rejected<B>(origin: &CallOrigin, line: &RequestLine, response: &Response<B>) {
    if response.extensions().get::<Unlogged>().is_some() {
        log_status(origin, response.status(), Some(line));
    }
}

/// Logs a rejected request. `line` is absent if it cannot be read.
pub(super) fn log_status(origin: &CallOrigin, status: StatusCode, line: Option<&RequestLine>) {
    let Some(unlogged) = origin.process.unproven.begin() else { return };
    // A caller chooses its request line, so only the answers that need it to be explained have it.
    let is_explained = matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
    let line = line.filter(|_| is_explained);
    tracing::info!(
        requestId = origin.request_id.as_deref(),
        address = origin.address.map(tracing::field::display),
        function = origin.process.function,
        status = status.as_u16(),
        method = line.map(|line| cut(line.method.as_str(), MAX_METHOD_LEN)),
        path = line.map(|line| cut(line.uri.path(), MAX_PATH_LEN)),
        unlogged = (unlogged > 0).then_some(unlogged),
        "request rejected"
    );
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The most characters of a path, and of a method.
const MAX_PATH_LEN: usize = 200;
const MAX_METHOD_LEN: usize = 20;
