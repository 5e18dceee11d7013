//! Answers under access guide 1.0: encrypted fields, and a signature over the bytes.

use protocol::access_key::AccessKey;
use protocol::cipher::{Cipher, Strength};
use protocol::signature::body_sign;
use serde::Deserialize;
use simulator::answer::verify_body_sign;
use simulator::v1::{self, Iv};

#[derive(Deserialize)]
struct File<V> {
    key: String,
    vectors: Vec<V>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sealed {
    encrypt_type: String,
    plain: String,
    wire: String,
}

#[derive(Deserialize)]
struct Signed {
    body: String,
    signature: String,
}

fn sealed() -> File<Sealed> {
    let sealed: File<Sealed> =
        serde_json::from_str(include_str!("../../../vectors/sample/v1-aes.json")).unwrap();
    assert_eq!(sealed.vectors.len(), 25);
    sealed
}

fn signed() -> File<Signed> {
    let signed: File<Signed> =
        serde_json::from_str(include_str!("../../../vectors/sample/body-sign.json")).unwrap();
    assert_eq!(signed.vectors.len(), 5);
    signed
}

impl Sealed {
    /// The strength, as types of koohook and of the simulator.
    fn strength(&self) -> (Strength, v1::Strength) {
        match self.encrypt_type.as_str() {
            "1" => (Strength::Aes256, v1::Strength::Aes256),
            "2" => (Strength::Aes128, v1::Strength::Aes128),
            other => panic!("{other} is not an encryptType"),
        }
    }
}

#[test]
fn koohook_decrypts_the_samples_ciphertexts() {
    let File { key, vectors } = sealed();
    let access_key = AccessKey::parse(&key).unwrap();
    for vector in &vectors {
        let (ours, theirs) = vector.strength();
        let opened = Cipher::new(&access_key, ours).open(&vector.wire);
        assert_eq!(opened.as_ref(), Some(&vector.plain));
        assert_eq!(v1::decrypt(&key, theirs, &vector.wire).as_ref(), Ok(&vector.plain));
    }
}

#[test]
fn the_simulator_decrypts_koohooks_ciphertexts() {
    let File { key, vectors } = sealed();
    let access_key = AccessKey::parse(&key).unwrap();
    for vector in &vectors {
        let (ours, theirs) = vector.strength();
        let wire = Cipher::new(&access_key, ours).seal("inst-1", "password", &vector.plain);
        assert_eq!(v1::decrypt(&key, theirs, &wire).as_ref(), Ok(&vector.plain));
    }
}

/// The first 16 characters are the IV that Java drew. The rest follows from the IV.
#[test]
fn the_simulator_encrypts_like_the_sample() {
    let File { key, vectors } = sealed();
    for vector in &vectors {
        let (_, strength) = vector.strength();
        let iv: Iv = vector.wire.split_at(16).0.parse().unwrap();
        assert_eq!(v1::encrypt(&key, strength, iv, &vector.plain), vector.wire);
    }
}

#[test]
fn an_answer_has_the_signature_of_the_sample() {
    let File { key, vectors } = signed();
    let access_key = AccessKey::parse(&key).unwrap();
    for Signed { body, signature } in &vectors {
        let header = format!("sign_type=\"HMAC-SHA256\", signature= \"{signature}\"");
        assert_eq!(body_sign(&access_key, body.as_bytes()), header);
        let response = http::Response::builder().header("body-sign", &header);
        let response = response.body(body.clone().into_bytes()).unwrap();
        assert_eq!(verify_body_sign(&response, &key), Ok(()));
    }
}
