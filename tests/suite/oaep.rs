//! Client secrets under RSA: which ciphertexts koohook decrypts. All others fail with the same
//! error.

mod ciphertexts;
mod keys;
mod published;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions::application_sync::secret::{DecryptError, PrivateKeys};
use proptest::prelude::*;
use serde::Deserialize;

/// Ciphertexts that Java made; see `MakeVectors.java` in the same folder.
const JAVA: &str = include_str!("../vectors/oaep/java.json");

#[derive(Deserialize)]
struct Vectors {
    keys: Vec<Key>,
    sealed: Vec<Sealed>,
}

#[derive(Deserialize)]
struct Key {
    name: String,
    pkcs8: String,
    public: String,
}

#[derive(Deserialize)]
struct Sealed {
    key: String,
    opens: String,
    transformation: String,
    parameters: String,
    plaintext: String,
    base64: String,
    #[serde(flatten)]
    other_forms: BTreeMap<String, String>,
}

impl Key {
    fn der(&self) -> Vec<u8> {
        STANDARD.decode(&self.pkcs8).unwrap()
    }

    fn pem(&self) -> String {
        pem("PRIVATE KEY", &self.der())
    }

    /// A PKCS#8 key contains the PKCS#1 key after 26 bytes, which name RSA.
    fn pkcs1(&self) -> Vec<u8> {
        self.der().split_off(26)
    }
}

static VECTORS: LazyLock<Vectors> = LazyLock::new(|| serde_json::from_str(JAVA).unwrap());

fn key(name: &str) -> &'static Key {
    VECTORS.keys.iter().find(|key| key.name == name).unwrap()
}

fn sealed(opens: &str) -> impl Iterator<Item = &'static Sealed> {
    VECTORS.sealed.iter().filter(move |it| it.opens == opens)
}

fn keys(names: &[&str]) -> PrivateKeys {
    let pem: String = names.iter().map(|name| key(name).pem()).collect();
    PrivateKeys::parse(&pem).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let lines = lines.join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Only the package that decrypts client secrets, and builds that use it, link `OpenSSL`.
#[test]
fn only_the_functions_package_depends_on_openssl() {
    let lock = include_str!("../../Cargo.lock");
    let users = |wanted: &str| -> Vec<String> {
        let packages = lock.split("[[package]]").skip(1);
        let uses = packages.filter(|package| package.contains(&format!("\n \"{wanted}\",")));
        let name = |package: &str| package.split('"').nth(1).map(str::to_owned);
        uses.filter_map(name).collect()
    };
    assert_eq!(users("openssl"), ["functions"]);
    assert_eq!(users("openssl-sys"), ["openssl"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_key_parser_rejects_random_texts(
        label in "(PRIVATE KEY|RSA PRIVATE KEY|.{0,8})",
        body in "[A-Za-z0-9+/=\\\\ \n-]{0,80}|.{0,40}",
        tail in "(-----END (PRIVATE KEY|RSA PRIVATE KEY)-----)?.{0,8}",
    ) {
        let text = format!("-----BEGIN {label}-----{body}{tail}");
        prop_assert!(PrivateKeys::parse(&text).is_err());
    }

    #[test]
    fn decryption_rejects_random_texts(text in "[A-Za-z0-9+/=_\r\n-]{0,1200}|.{0,80}|[0-9a-f]{768}") {
        prop_assert_eq!(keys(&["made-up-3072"]).open(&text), Err(DecryptError));
    }
}
