//! Signs a call of an AWS API that takes JSON (Signature Version 4).

use std::time::SystemTime;

use aws_credential_types::Credentials as Keys;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};

/// An API of AWS at one address.
#[derive(Clone, Debug)]
pub struct AwsApi {
    /// The URL without a path, such as `https://dynamodb.eu-west-1.amazonaws.com`.
    pub endpoint: String,
    /// The region in the signature.
    pub region: String,
    /// AWS's name of the API in the signature, such as `dynamodb`.
    pub name: &'static str,
    /// What stands before the operation in the header `x-amz-target`.
    pub target: &'static str,
    /// The media type of a request.
    pub content: &'static str,
}

/// The clock whose time a signature contains.
pub type SigningClock = fn() -> SystemTime;

impl AwsApi {
    /// Makes the request of an operation, and signs it. Returns `None` if the endpoint or the keys
    /// cannot be part of a request.
    pub fn request(
        &self,
        operation: &str,
        body: Bytes,
        keys: Keys,
        now: SystemTime,
    ) -> Option<Request<Bytes>> {
        let uri = format!("{}/", self.endpoint);
        let target = format!("{}.{operation}", self.target);
        let headers = [("content-type", self.content), ("x-amz-target", target.as_str())];
        let identity = keys.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.name)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .ok()?
            .into();
        let signable =
            SignableRequest::new("POST", &*uri, headers.into_iter(), SignableBody::Bytes(&body));
        let (instructions, _) = sign(signable.ok()?, &params).ok()?.into_parts();
        let mut request = Request::post(&uri).header(CONTENT_TYPE, self.content);
        request = request.header("x-amz-target", &target);
        let mut request = request.body(body).ok()?;
        for (name, text) in instructions.headers() {
            let mut value = HeaderValue::from_str(text).ok()?;
            value.set_sensitive(true);
            request.headers_mut().insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
        }
        Some(request)
    }
}
