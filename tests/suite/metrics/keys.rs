//! Which key matched, so that an operator can watch the change of a key.

use std::time::Duration;

use functions::application_sync::secret::{Oaep, PrivateKey, Size};
use tests::call::{ADDRESS, BASE_KEY, SETTINGS, run};

use super::*;

const KEYS: [&str; 2] = [
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "//////////////////////////////////////////8=",
];

#[test]
fn the_key_that_verified_a_call_is_counted() {
    let rotated = [
        &SETTINGS[..],
        &[
            ("KOOHOOK_BASE_KEY", "constructed-base-key-0002"),
            ("KOOHOOK_BASE_KEY_PREVIOUS", BASE_KEY),
        ],
    ];
    let koohook = with_metrics(&rotated.concat());
    buy(&koohook, "CS1");
    let text = text(&koohook);
    let matches = |which| {
        value(&text, &format!(r#"koohook_key_matches_total{{key="base",match="{which}"}}"#))
    };
    assert_eq!((matches("previous"), matches("current")), (Some(1.0), None));
}

#[test]
fn the_seal_key_that_decrypted_a_value_is_counted() {
    let with_key = |current, previous: Option<&'static str>| {
        let previous = previous.map(|key| ("KOOHOOK_SEAL_KEY_PREVIOUS", key));
        let settings = [("KOOHOOK_SEAL_KEY", current), ("KOOHOOK_METRICS", "prometheus")];
        SETTINGS.into_iter().chain(settings).chain(previous).collect::<Vec<_>>()
    };
    let old = koohook(&with_key(KEYS[0], None));
    buy(&old, "CS1");
    let new = old.another(&with_key(KEYS[1], Some(KEYS[0])));
    buy(&new, "CS1");
    let matches = |koohook: &Bundled, which| {
        let metric = format!(r#"koohook_key_matches_total{{key="seal",match="{which}"}}"#);
        value(&text(koohook), &metric)
    };
    assert_eq!((matches(&new, "previous"), matches(&new, "current")), (Some(1.0), None));
    buy(&new, "CS2");
    buy(&new, "CS2");
    assert_eq!(matches(&new, "current"), Some(1.0));
}

/// A kit with two private keys. The marketplace encrypts with the public key of one of them.
#[test]
fn the_rsa_key_that_decrypted_a_client_secret_is_counted() {
    const KIT_KEY: &str = "constructed-kit-key-0002";
    let keys = [(); 2].map(|()| PrivateKey::generate(Size::Bits3072).unwrap());
    let pem = keys.each_ref().map(|key| key.to_pem().unwrap()).concat();
    let settings =
        [("KOOHOOK_KIT_KEY", KIT_KEY), ("KOOHOOK_RSA_PRIVATE_KEY", pem.as_str()), METRICS];
    let settings = [&SETTINGS[..], &settings].concat();
    let koohook = Koohook::serving(&functions::everything(), TestStore::new(), &settings);
    for (key, uses) in keys.iter().zip([[Some(1.0), None], [Some(1.0), Some(1.0)]]) {
        koohook.world().pass(Duration::from_secs(1));
        let now = koohook.world().now_millis();
        let body = serde_json::json!({
            "instanceId": "i", "tenantId": "t", "appId": "a", "clientId": "c", "flag": 1, "testFlag": 0,
            "clientSecret": key.seal(Oaep::Sha256Mgf1Sha1, "made-up-secret").unwrap(),
            "timeStamp": simulator::time::in_china(now),
        });
        let request = simulator::kit_v2::request(
            ADDRESS,
            "applicationSync",
            KIT_KEY,
            &now.to_string(),
            &format!("nonce-{now}"),
            body.to_string().as_bytes(),
        );
        let answer = run(koohook.answer(request.unwrap()));
        assert_eq!(simulator::answer::Answer::read(&answer).unwrap().code, "000000");
        let text = text(&koohook);
        let matches = |which| {
            value(&text, &format!(r#"koohook_key_matches_total{{key="rsa",match="{which}"}}"#))
        };
        assert_eq!([matches("current"), matches("previous")], uses);
    }
}
