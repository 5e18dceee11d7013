//! The event of an HTTP call, payload 2.0 of an HTTP API or a function URL, and its response.
//!
//! `lambda_http` can make a request from an event. But it panics if the query, the host or the body is
//! not what it expects, and it resolves the path. Every stranger can send such a request, so koohook
//! reads the event itself, and answers what it cannot read with a status.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde::Deserialize;

/// The members of an event that koohook uses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpEvent {
    raw_path: String,
    raw_query_string: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
    request_context: HttpEventContext,
}

#[derive(Deserialize)]
struct HttpEventContext {
    http: HttpEventLine,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpEventLine {
    method: String,
    source_ip: Option<String>,
}

impl HttpEvent {
    /// The caller's address, as API Gateway gives it.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.request_context.http.source_ip.as_deref()?.parse().ok()
    }

    /// The request, with its path and its query as received.
    ///
    /// # Errors
    /// The status of the answer, if a part of the event is not possible in HTTP.
    pub(super) fn into_request(self) -> Result<Request<Bytes>, StatusCode> {
        let target = self.target()?;
        let method = Method::from_bytes(self.request_context.http.method.as_bytes());
        let headers = headers(self.headers.unwrap_or_default())?;
        let text = self.body.unwrap_or_default();
        let body = if self.is_base64_encoded.unwrap_or_default() {
            STANDARD.decode(text).map_err(|_| StatusCode::BAD_REQUEST)?
        } else {
            text.into_bytes()
        };
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = method.map_err(|_| StatusCode::BAD_REQUEST)?;
        *request.uri_mut() = target;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn target(&self) -> Result<Uri, StatusCode> {
        let query = self.raw_query_string.as_deref().filter(|query| !query.is_empty());
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{query}", self.raw_path);
        if target.len() > MAX_TARGET_LEN {
            return Err(StatusCode::URI_TOO_LONG);
        }
        target.parse().map_err(|_| StatusCode::BAD_REQUEST)
    }
}

/// Only control characters are not possible in a value.
fn headers(given: BTreeMap<String, String>) -> Result<HeaderMap, StatusCode> {
    let header = |(name, value): (String, String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    given.into_iter().map(header).collect::<Option<_>>().ok_or(StatusCode::BAD_REQUEST)
}

/// The response to an event. Every answer is ASCII (decision B9), so Lambda can send it as text, not as
/// base64.
pub(super) fn response(answer: Response<Bytes>) -> ApiGatewayV2httpResponse {
    let (head, body) = answer.into_parts();
    let body = match String::from_utf8(body.to_vec()) {
        Ok(text) => Body::Text(text),
        Err(other) => Body::Binary(other.into_bytes()),
    };
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = head.status.as_u16().into();
    response.headers = head.headers;
    response.is_base64_encoded = matches!(body, Body::Binary(_));
    response.body = Some(body);
    response
}

/// The longest target of `http::Uri`. The endpoint's own limit of a query is lower.
const MAX_TARGET_LEN: usize = 65_534;
