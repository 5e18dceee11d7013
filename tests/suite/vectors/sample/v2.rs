//! Access guide 2.0: bodies as received, and their canonical form.

use protocol::json::{Json, Members, Scalars};
use protocol::signature::{
    Contract, Headers, Interface, Rejection, SignedForm, Unverified, Verified,
};
use serde::Deserialize;
use simulator::{kit_v2, v2};

use super::{call, numbers, verify};

#[derive(Deserialize)]
struct File<V> {
    key: String,
    timestamp: String,
    nonce: String,
    vectors: Vec<V>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaseVector {
    about: String,
    body: String,
    /// The canonical form, which Java made and `signature` covers. A nested body has none, because
    /// the sample's map of strings cannot contain it.
    signed: Option<String>,
    signature: Option<String>,
    /// The signature over the body's bytes.
    raw_signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KitVector {
    about: String,
    page: String,
    body: String,
    /// The canonical form, which Java made and `x_sign` covers.
    signed: String,
    x_sign: String,
    /// Whether the sample parsed a number as a double, and signed Java's text of that double.
    numbers_reprinted: bool,
}

fn base() -> File<BaseVector> {
    let base: File<BaseVector> =
        serde_json::from_str(include_str!("../../../vectors/sample/v2-base.json")).unwrap();
    assert_eq!(base.vectors.len(), 235);
    base
}

impl BaseVector {
    /// The canonical form and its signature.
    fn canonical(&self) -> Option<(&str, &str)> {
        let Self { about, signed, signature, .. } = self;
        assert_eq!(signed.is_none(), about == "nested", "{}", self.body);
        Some((signed.as_deref()?, signature.as_deref()?))
    }
}

fn kit() -> File<KitVector> {
    let kit: File<KitVector> =
        serde_json::from_str(include_str!("../../../vectors/sample/v2-kit.json")).unwrap();
    assert_eq!(kit.vectors.len(), 242);
    kit
}

impl<V> File<V> {
    fn now(&self) -> u64 {
        self.timestamp.parse().unwrap()
    }

    fn verify_base(&self, body: &str, signature: &str) -> Result<Verified, Rejection> {
        let Self { key, timestamp, nonce, .. } = self;
        let query = format!("signature={signature}&timestamp={timestamp}&nonce={nonce}");
        let (query, body) = (query.as_str(), body.as_bytes());
        let call = Unverified { query, body, ..call(Interface::Base, Contract::V2) };
        verify(&call, key, self.now())
    }

    fn verify_kit(&self, body: &str, x_sign: &str) -> Result<Verified, Rejection> {
        let headers = Headers {
            x_sign: vec![x_sign],
            x_timestamp: vec![&self.timestamp],
            x_nonce: vec![&self.nonce],
            ..Headers::default()
        };
        let body = body.as_bytes();
        let call = Unverified { headers, body, ..call(Interface::Kit, Contract::V2) };
        verify(&call, &self.key, self.now())
    }
}

/// The canonical form of a tree, by a slow second implementation.
fn canonical(members: &Members, scalars: Scalars) -> String {
    let mut sorted: Vec<_> = members.iter().filter(|(_, value)| *value != Json::Null).collect();
    sorted.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
    let written = sorted.into_iter().map(|(name, value)| {
        let value = match (scalars, value) {
            (Scalars::AsText, Json::Number(_) | Json::Bool(_)) => {
                Json::Text(value.as_text().unwrap().to_owned())
            }
            _ => value.clone(),
        };
        format!("{}:{}", Json::Text(name.clone()).to_text(), value.to_text())
    });
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

/// The form that matches if the marketplace signed the canonical form.
fn form(body: &str, signed: &str) -> SignedForm {
    if body == signed { SignedForm::Received } else { SignedForm::Canonical }
}

#[test]
fn a_body_is_verified_in_its_canonical_form() {
    let base = base();
    let vectors = base.vectors.iter().filter_map(|vector| Some((vector, vector.canonical()?)));
    for (BaseVector { about, body, .. }, (signed, signature)) in vectors {
        let verified = base.verify_base(body, signature);
        let verified = verified.unwrap_or_else(|fault| panic!("{fault}: {about} {body}"));
        assert_eq!(verified.form(), form(body, signed), "{about} {body}");
        assert_eq!(canonical(verified.members(), Scalars::AsText), signed, "{about}");
    }
}

#[test]
fn a_body_is_verified_as_received() {
    let base = base();
    for vector in &base.vectors {
        let BaseVector { about, body, raw_signature, .. } = vector;
        let verified = base.verify_base(body, raw_signature);
        let verified = verified.unwrap_or_else(|fault| panic!("{fault}: {about} {body}"));
        assert_eq!(verified.form(), SignedForm::Received, "{about} {body}");
        if let Some((signed, _)) = vector.canonical() {
            assert_eq!(canonical(verified.members(), Scalars::AsText), signed, "{about}");
        }
    }
}

#[test]
fn the_simulator_signs_a_body_like_the_sample() {
    let base = base();
    let File { key, timestamp, nonce, vectors } = &base;
    let sign = |text: &str| v2::sign(key, timestamp, nonce, text.as_bytes()).to_lowercase();
    for vector in vectors {
        let BaseVector { about, body, raw_signature, .. } = vector;
        assert_eq!(sign(body), *raw_signature, "{about} {body}");
        if let Some((signed, signature)) = vector.canonical() {
            assert_eq!(sign(signed), signature, "{about} {signed}");
        }
    }
}

/// koohook verifies numbers as received (decision B4). The sample signs Java's text of a double
/// instead. So a call is rejected only if that text differs.
#[test]
fn a_kit_body_is_verified_unless_the_sample_reprinted_a_number() {
    let kit = kit();
    for KitVector { about, page, body, signed, x_sign, numbers_reprinted } in &kit.vectors {
        let what = format!("{page} {about} {body}");
        let reprinted = numbers(body) != numbers(signed);
        assert!(!reprinted || *numbers_reprinted, "{what}");
        match kit.verify_kit(body, x_sign) {
            Ok(verified) => {
                assert!(!reprinted, "{what}");
                assert_eq!(verified.form(), form(body, signed), "{what}");
                assert_eq!(canonical(verified.members(), Scalars::AsReceived), *signed, "{what}");
            }
            Err(fault) => {
                assert!(reprinted, "{fault}: {what}");
                assert_eq!(fault, Rejection::SignatureWrong, "{what}");
            }
        }
    }
}

/// The signed text is also a valid body. If it is sent unchanged, it is verified with any numbers.
#[test]
fn a_kit_body_that_is_sent_in_its_signed_form_is_verified() {
    let kit = kit();
    for KitVector { about, page, signed, x_sign, .. } in &kit.vectors {
        let verified = kit.verify_kit(signed, x_sign);
        let verified = verified.unwrap_or_else(|fault| panic!("{fault}: {page} {about} {signed}"));
        assert_eq!(verified.form(), SignedForm::Received, "{page} {about}");
    }
}

#[test]
fn the_simulator_signs_a_kit_body_like_the_sample() {
    let File { key, timestamp, nonce, vectors } = kit();
    for KitVector { about, signed, x_sign, .. } in &vectors {
        let sign = kit_v2::sign(&key, &timestamp, &nonce, signed.as_bytes()).to_lowercase();
        assert_eq!(sign, *x_sign, "{about} {signed}");
    }
}
