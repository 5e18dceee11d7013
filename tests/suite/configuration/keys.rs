//! Access keys and seal keys.

use shell::seal::{Clear, RSA_KEY_PLACE, Seal, SealKey};
use tests::call::{koohook, run};

use super::{APP_INFO, SEAL_KEY, accepted, read, refusal, refused};

/// An unusable key must never enable an endpoint.
#[test]
fn unusable_access_keys_are_rejected() {
    for setting in ["KOOHOOK_BASE_KEY", "KOOHOOK_BASE_KEY_PREVIOUS"] {
        refused(
            setting,
            &[
                " ",
                "\n",
                "                    ",
                "\u{3000}\u{3000}",
                "canary-value",
                "canary-value-15",
                " canary-value-padded-0001",
                "canary-value-padded-0001\n",
                "canary-value-padded-0001\r",
                "\tcanary-value-padded-0001",
                "canary-value-changeme-1",
                "CHANGE-ME-canary-value",
                "your_access_key_canary-value",
                "canary-value-placeholder",
                "0000000000000000",
                "1234567890123456",
                "0123456789abcdef",
                "----------------",
            ],
        );
    }
    refused("KOOHOOK_BASE_KEY", &[""]);
    let alone = refusal(&[
        ("KOOHOOK_BASE_KEY", "unset"),
        ("KOOHOOK_BASE_KEY_PREVIOUS", "constructed-base-key-0000"),
    ]);
    let text = "KOOHOOK_BASE_KEY_PREVIOUS is set without KOOHOOK_BASE_KEY; set both, or unset it";
    assert_eq!(alone, text);
    accepted(
        "KOOHOOK_BASE_KEY",
        &[
            "11111111-2222-3333-4444-555555555555",
            "abcdefghijklmnop",
            "键键键键键键键键键键键键键键键匙",
        ],
    );
}

#[test]
fn an_endpoint_without_a_key_serves_no_callbacks() {
    let koohook = koohook(&[("KOOHOOK_STORE", "memory:"), ("KOOHOOK_APP_INFO", APP_INFO)]);
    for method in ["GET", "POST"] {
        let request = http::Request::builder().method(method);
        let request = request.uri("/saasproduce?signature=00").body(Vec::new());
        let response = run(koohook.answer(request.unwrap()));
        assert_eq!(response.status(), 404);
        assert!(!response.headers().contains_key("body-sign"));
    }
}

#[test]
fn unusable_seal_keys_are_rejected() {
    for setting in ["KOOHOOK_SEAL_KEY", "KOOHOOK_SEAL_KEY_PREVIOUS"] {
        refused(
            setting,
            &[
                "canary-value",
                "Y2FuYXJ5LXZhbHVl",
                SEAL_KEY.trim_start_matches("AAEC"),
                &format!("AAAA{SEAL_KEY}"),
                SEAL_KEY.trim_end_matches('='),
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            ],
        );
    }
    refused("KOOHOOK_SEAL_KEY", &[&format!("{SEAL_KEY} {SEAL_KEY}")]);
    accepted("KOOHOOK_SEAL_KEY", &[SEAL_KEY]);
    // A repeated key counts once.
    let several = format!("{SEAL_KEY}\r\n{}  {SEAL_KEY}\n", SEAL_KEY.replace('A', "B"));
    let several = [("KOOHOOK_SEAL_KEY", SEAL_KEY), ("KOOHOOK_SEAL_KEY_PREVIOUS", several.as_str())];
    assert!(read(&several).is_ok());
    let both = [("KOOHOOK_SEAL_KEY", SEAL_KEY), ("KOOHOOK_SEAL_KEY_PREVIOUS", SEAL_KEY)];
    assert!(read(&both).is_ok());
}

/// Without its seal key, koohook cannot decrypt sealed values and would store new ones in plain
/// text.
#[test]
fn an_empty_seal_key_and_a_previous_key_without_a_current_one_are_rejected() {
    refused("KOOHOOK_SEAL_KEY", &["", " "]);
    refused("KOOHOOK_SEAL_KEY_PREVIOUS", &[SEAL_KEY]);
}

/// `koohook keys pack` seals the kit's private keys for a function's package.
#[test]
fn sealed_private_keys_are_decrypted_with_either_seal_key() {
    const SEAL_KEYS: [&str; 2] = [
        "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
        "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo=",
    ];
    const KEYS: &str = "-----BEGIN made up-----";
    let key = SealKey::parse(SEAL_KEYS[0]).unwrap();
    let seal = Seal::new(Some(&key), None, Clear::Refused);
    let sealed = seal.seal_text(RSA_KEY_PLACE, KEYS, [7; 12]).unwrap();
    let setting = ("KOOHOOK_RSA_PRIVATE_KEY", sealed.as_str());
    let of = |keys: &[(&str, &str)]| read(&[keys, &[setting]].concat());
    let current = ("KOOHOOK_SEAL_KEY", SEAL_KEYS[0]);
    let changed = [("KOOHOOK_SEAL_KEY", SEAL_KEYS[1]), ("KOOHOOK_SEAL_KEY_PREVIOUS", SEAL_KEYS[0])];
    for keys in [&[current][..], &changed] {
        let config = of(keys).unwrap();
        assert_eq!(config.endpoint.pages.private_keys.unwrap().reveal(), KEYS);
    }
    for keys in [&[changed[0]][..], &[]] {
        let said = refusal(&[keys, &[setting]].concat());
        assert!(said.contains("KOOHOOK_RSA_PRIVATE_KEY is sealed with another key"), "{said}");
        assert!(!said.contains(sealed.trim()), "{said}");
    }
}
