//! Which ciphertexts koohook decrypts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions::application_sync::secret::DecryptError;

use super::{hex, keys, sealed};

#[test]
fn a_java_ciphertext_is_decrypted_in_every_text_form() {
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

/// Plaintexts that are not a secret, and paddings that the guide does not allow.
#[test]
fn a_plaintext_that_is_not_a_secret_is_rejected() {
    for it in sealed("no") {
        let what = format!("{} {:?}", it.parameters, it.plaintext);
        assert_eq!(keys(&[&it.key]).open(&it.base64), Err(DecryptError), "{what}");
    }
    assert_eq!(sealed("no").count(), 2 * 20);
}

/// RSA cannot encrypt a longer secret. SHA-1 leaves the most room: the length of the modulus minus
/// 42 bytes.
#[test]
fn the_longest_secret_is_decrypted() {
    let lengths: Vec<usize> = sealed("yes").map(|it| it.plaintext.len() / 2).collect();
    assert!(lengths.contains(&(384 - 42)) && lengths.contains(&(512 - 42)));
}

#[test]
fn a_wrong_ciphertext_is_rejected() {
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
}

#[test]
fn a_text_that_is_not_a_ciphertext_is_rejected() {
    let keys = keys(&["made-up-3072"]);
    let ours = sealed("yes").find(|it| it.key == "made-up-3072").unwrap();
    let ours = STANDARD.decode(&ours.base64).unwrap();
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
fn any_of_several_keys_decrypts_a_ciphertext() {
    for names in [["made-up-3072", "made-up-4096"], ["made-up-4096", "made-up-3072"]] {
        let keys = keys(&names);
        for it in sealed("yes").chain(sealed("no")) {
            let opens = keys.open(&it.base64).is_ok();
            assert_eq!(opens, it.opens == "yes", "{}", it.parameters);
        }
    }
}
