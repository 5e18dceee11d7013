//! Which private keys koohook accepts, and how it writes keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions::application_sync::secret::{PrivateKey, PrivateKeyError, PrivateKeys, Size};

use super::{VECTORS, key, pem};

#[test]
fn a_key_is_accepted_with_the_line_breaks_that_consoles_leave() {
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
fn a_key_outside_the_size_limits_is_rejected() {
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

/// An elliptic-curve key, as TLS servers use it.
const ELLIPTIC: &str = include_str!("../../vectors/tls/server.key");

#[test]
fn an_unusable_key_is_rejected_at_start() {
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
fn a_generated_key_can_be_parsed_and_gives_its_public_key() {
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

/// The public key has the form of `openssl pkey -pubout` and Java's `getEncoded`. The PEM has the
/// form of Java's PKCS#8.
#[test]
fn a_public_key_is_written_as_java_writes_it() {
    for key in &VECTORS.keys {
        let read = PrivateKey::from_pkcs8(&key.der()).unwrap();
        assert_eq!(read.public_text(), Ok(key.public.clone()), "{}", key.name);
        assert_eq!(read.to_pem(), Ok(key.pem()), "{}", key.name);
    }
}
