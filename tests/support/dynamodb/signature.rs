//! Signature Version 4 as a server verifies it. It was written from the specification, and shares
//! only the hash with the signer. It verifies calls to `/` without a query, as all calls of
//! DynamoDB are.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A request as it arrived.
pub struct Received<'a> {
    /// The method.
    pub method: &'a str,
    /// Every header, repeated headers included.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body.
    pub body: &'a [u8],
}

/// Why the signature of a request is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignatureFault {
    /// The request is unsigned, or its signature cannot be parsed.
    Unsigned,
    /// A header that must be signed is not signed: the host, the date or another `x-amz-` header.
    LeftOut,
    /// The signature belongs to another key or another request.
    Wrong,
}

/// The signing facts of a verified request.
#[derive(Debug, Eq, PartialEq)]
pub struct VerifiedRequest<'a> {
    /// The access key ID.
    pub access_key: &'a str,
    /// The day, region and service in the signature.
    pub scope: [&'a str; 3],
    /// The moment of signing.
    pub date: &'a str,
    /// The session token of a role's temporary keys.
    pub session_token: Option<&'a str>,
}

impl<'a> Received<'a> {
    /// Verifies the signature with the secret access key of the named access key ID.
    ///
    /// # Errors
    /// See [`SignatureFault`].
    pub fn verify(&self, secret: &str) -> Result<VerifiedRequest<'a>, SignatureFault> {
        let read = || {
            let authorization = self.header("authorization")?;
            let rest = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=")?;
            let (credential, rest) = rest.split_once(", SignedHeaders=")?;
            let (signed, signature) = rest.split_once(", Signature=")?;
            let mut parts = credential.split('/');
            let mut part = || parts.next();
            let (access_key, scope) = (part()?, [part()?, part()?, part()?]);
            (part() == Some("aws4_request")).then_some(())?;
            Some((access_key, scope, signed, signature, self.header("x-amz-date")?))
        };
        let (access_key, scope, signed, signature, date) =
            read().ok_or(SignatureFault::Unsigned)?;
        let names: Vec<&str> = signed.split(';').collect();
        if !self.signs_enough(&names) || !date.starts_with(scope[0]) {
            return Err(SignatureFault::LeftOut);
        }
        let canonical = self.canonical(&names).ok_or(SignatureFault::LeftOut)?;
        let [day, region, service] = scope;
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{day}/{region}/{service}/aws4_request\n{}",
            hex::encode(Sha256::digest(canonical))
        );
        let steps = [day, region, service, "aws4_request", &to_sign];
        let key = format!("AWS4{secret}").into_bytes();
        let expected = steps.iter().fold(key, |key, step| mac(&key, step.as_bytes()));
        if hex::encode(expected) != signature {
            return Err(SignatureFault::Wrong);
        }
        let session_token = self.header("x-amz-security-token");
        Ok(VerifiedRequest { access_key, scope, date, session_token })
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        let found = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    }

    fn signs_enough(&self, names: &[&str]) -> bool {
        let must = |name: &str| name == "host" || name.starts_with("x-amz-");
        let mut received = self.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        names.is_sorted() && received.all(|name| !must(&name) || names.contains(&name.as_str()))
    }

    /// The canonical form: equal for every way of sending the same request.
    fn canonical(&self, names: &[&str]) -> Option<String> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.headers {
            let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
            values.entry(name.to_ascii_lowercase()).or_default().push(words.join(" "));
        }
        let line = |name: &&str| Some(format!("{name}:{}\n", values.get(*name)?.join(",")));
        let lines: Option<String> = names.iter().map(line).collect();
        let body = hex::encode(Sha256::digest(self.body));
        Some(format!("{}\n/\n\n{}\n{}\n{body}", self.method, lines?, names.join(";")))
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC accepts a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
