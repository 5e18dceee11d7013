//! Webhooks between koohook and the product.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::webhook::{WebhookError, WebhookHeaders, WebhookSecretError, WebhookSecrets};
use protocol::time::UnixMillis;
use serde::Deserialize;

// Standard Webhooks: koohook's notices and the product's messages.

#[derive(Deserialize)]
struct Webhooks {
    signed: Vec<Webhook>,
}

#[derive(Deserialize)]
struct Webhook {
    what: String,
    secret: String,
    id: String,
    timestamp: u64,
    body: String,
    signature: String,
}

impl Webhook {
    fn secrets(&self) -> WebhookSecrets {
        WebhookSecrets::parse(&self.secret).unwrap()
    }

    /// Verifies the message `after` milliseconds after it was signed.
    fn verify(&self, signature: &str, after: i64) -> Result<UnixMillis, WebhookError> {
        let timestamp = self.timestamp.to_string();
        let headers = WebhookHeaders { id: &self.id, timestamp: &timestamp, signature };
        let now = UnixMillis::new((self.timestamp * 1_000).saturating_add_signed(after));
        self.secrets().verify(&headers, self.body.as_bytes(), now)
    }
}

fn webhooks() -> Vec<Webhook> {
    let webhooks: Webhooks =
        serde_json::from_str(include_str!("../../vectors/webhook.json")).unwrap();
    webhooks.signed
}

#[test]
fn webhooks_have_the_signatures_of_another_library() {
    for webhook in webhooks() {
        let Webhook { what, id, timestamp, body, signature, .. } = &webhook;
        assert_eq!(webhook.secrets().sign(id, *timestamp, body.as_bytes()), *signature, "{what}");
        let at = UnixMillis::new(timestamp * 1_000);
        assert_eq!(webhook.verify(signature, 0), Ok(at), "{what}");
    }
}

#[test]
fn a_webhook_is_accepted_within_five_minutes_of_its_time() {
    let webhook = &webhooks()[1];
    let at = UnixMillis::new(webhook.timestamp * 1_000);
    for (after, answer) in [
        (300_000, Ok(at)),
        (-300_000, Ok(at)),
        (300_001, Err(WebhookError::OutsideTolerance)),
        (-300_001, Err(WebhookError::OutsideTolerance)),
    ] {
        assert_eq!(webhook.verify(&webhook.signature, after), answer, "{after}");
    }
}

#[test]
fn one_correct_v1_signature_of_several_is_enough() {
    let webhook = &webhooks()[0];
    let right = webhook.signature.as_str();
    let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let bare = right.strip_prefix("v1,").unwrap();
    for (signature, is_accepted) in [
        (format!("{wrong} {right}"), true),
        (format!("v1a,{bare} v2,{bare} {right} {wrong}"), true),
        (format!("not-one {right}"), true),
        (wrong.to_owned(), false),
        (bare.to_owned(), false),
        (format!("v1a,{bare}"), false),
        (format!("v2,{bare}"), false),
        (format!("V1,{bare}"), false),
        (format!("{wrong},{right}"), false),
        (format!("v1,{}", bare.replace("OTPJ", "")), false),
        ("v1,".to_owned(), false),
        (String::new(), false),
    ] {
        let verified = webhook.verify(&signature, 0);
        let expected = if is_accepted {
            Ok(UnixMillis::new(webhook.timestamp * 1_000))
        } else {
            Err(WebhookError::WrongSignature)
        };
        assert_eq!(verified, expected, "{signature}");
    }
}

/// A sender that changes its secret signs with both for a while. A receiver accepts both.
#[test]
fn each_of_several_secrets_signs_and_verifies() {
    let webhooks = webhooks();
    let (one, other) = (&webhooks[1], &webhooks[6]);
    assert_eq!((&one.body, one.timestamp), (&other.body, other.timestamp));
    assert_ne!(one.secret, other.secret);
    let both = WebhookSecrets::parse(&format!("{} {}", one.secret, other.secret)).unwrap();
    assert_eq!(
        both.sign(&one.id, one.timestamp, one.body.as_bytes()),
        format!("{} {}", one.signature, other.signature)
    );
    let timestamp = one.timestamp.to_string();
    let at = UnixMillis::new(one.timestamp * 1_000);
    for signature in [&one.signature, &other.signature] {
        let headers = WebhookHeaders { id: &one.id, timestamp: &timestamp, signature };
        assert_eq!(both.verify(&headers, one.body.as_bytes(), at), Ok(at));
    }
}

#[test]
fn a_malformed_webhook_is_rejected() {
    let webhook = &webhooks()[1];
    let now = UnixMillis::new(webhook.timestamp * 1_000);
    let timestamp = webhook.timestamp.to_string();
    let cases = [
        ("", timestamp.as_str()),
        (&webhook.id, ""),
        (&webhook.id, "-1"),
        (&webhook.id, "+1791234567"),
        (&webhook.id, "1791234567.0"),
        (&webhook.id, " 1791234567"),
        (&webhook.id, "1791234567000000000000000"),
    ];
    for (id, timestamp) in cases {
        let headers = WebhookHeaders { id, timestamp, signature: &webhook.signature };
        let verified = webhook.secrets().verify(&headers, webhook.body.as_bytes(), now);
        assert_eq!(verified, Err(WebhookError::Malformed), "{id:?} {timestamp:?}");
    }
    for (id, body) in [("msg_other", webhook.body.as_str()), (&webhook.id, "{}")] {
        let headers = WebhookHeaders { id, timestamp: &timestamp, signature: &webhook.signature };
        let verified = webhook.secrets().verify(&headers, body.as_bytes(), now);
        assert_eq!(verified, Err(WebhookError::WrongSignature), "{id} {body}");
    }
}

#[test]
fn a_webhook_secret_has_24_to_64_bytes() {
    let of = |len: usize| format!("whsec_{}", STANDARD.encode(vec![7; len]));
    for len in [24, 32, 64] {
        assert!(WebhookSecrets::parse(&of(len)).is_ok(), "{len}");
    }
    let bare = of(32).replace("whsec_", "");
    let one_of_two = format!("{} whsec_", of(32));
    let twice = format!("whsec_{}", of(32));
    let cut = of(32).trim_end_matches('=').to_owned();
    for (text, fault) in [
        ("", WebhookSecretError::Empty),
        (" ", WebhookSecretError::Empty),
        ("whsec_", WebhookSecretError::Size),
        ("whsec_!", WebhookSecretError::NotBase64),
        (&cut, WebhookSecretError::NotBase64),
        (&of(23), WebhookSecretError::Size),
        (&of(65), WebhookSecretError::Size),
        (&bare, WebhookSecretError::Unnamed),
        (&one_of_two, WebhookSecretError::Size),
        (&twice, WebhookSecretError::NamedTwice),
    ] {
        assert_eq!(WebhookSecrets::parse(text).err(), Some(fault), "{text:?}");
    }
    assert_eq!(
        format!("{:?}", WebhookSecrets::parse(&of(32)).unwrap()),
        "WebhookSecrets([redacted])"
    );
}
