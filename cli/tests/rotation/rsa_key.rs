//! The kit's access key and its RSA key, as docs/keys.md changes them. A call of the kit needs both.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::process::Output;

use serde_json::{Value, json};
use simulator::{kit_v2, time, v2};

use crate::installation::{Installation, SECRETS};
use crate::product::{VerifyingProduct, now};

const KIT_KEYS: [&str; 2] = ["constructed-kit-key-0001", "constructed-kit-key-0002"];

/// The kit's side of the marketplace: it sends the credentials of applications.
struct Kit<'a> {
    koohook: &'a Installation,
    key: &'a str,
    /// The file of the private key whose public key the console has.
    pem: &'a str,
    sent: &'a Cell<usize>,
}

impl Kit<'_> {
    /// Sends credentials of a new application to each process. Both must accept them.
    fn send(&self) {
        for process in 0..2 {
            self.sent.set(self.sent.get() + 1);
            let (number, secret) = (self.sent.get(), format!("made-up-secret-{}", self.sent.get()));
            let sealed = printed(self.koohook.run(&["keys", "seal", self.pem, &secret]));
            let body = v2::body(&[
                ("instanceId", json!("i-1")),
                ("tenantId", json!("t-1")),
                ("appId", json!(format!("app-{number}"))),
                ("name", json!("made-up")),
                ("clientId", json!("made-up-client")),
                ("clientSecret", json!(sealed.trim())),
                ("flag", json!(1)),
                ("testFlag", json!(0)),
                ("timeStamp", json!(time::in_china(now()))),
            ]);
            let address = format!("{}/saasproduce", self.koohook.proxy.origin(process));
            let (at, nonce) = (now().to_string(), format!("nonce-{number}"));
            let request =
                kit_v2::request(&address, "applicationSync", self.key, &at, &nonce, &body).unwrap();
            let answer: Value = ureq::run(request).unwrap().body_mut().read_json().unwrap();
            assert_eq!(answer["resultCode"], "000000", "{answer}");
        }
    }
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_kits_access_key_and_its_rsa_key_are_changed() {
    let (product, address) = VerifyingProduct::listen(SECRETS[0]);
    let hooks = format!("http://{address}/hooks");
    let product_settings =
        [("KOOHOOK_PRODUCT_URL", hooks.as_str()), ("KOOHOOK_PRODUCT_SECRET", SECRETS[0])];
    let mut koohook = Installation::start(&product_settings);
    for name in ["old.pem", "new.pem"] {
        printed(koohook.run(&["keys", "new", "--out", name]));
    }
    let [old, new] =
        ["old.pem", "new.pem"].map(|name| fs::read_to_string(koohook.path(name)).unwrap());
    let sent = Cell::new(0);
    // The kit begins: until now its key was not set.
    koohook.change(&[("KOOHOOK_KIT_KEY", KIT_KEYS[0]), ("KOOHOOK_RSA_PRIVATE_KEY", &old)]);
    let steps: [(&[(&str, &str)], &str, &str); 6] = [
        (&[], KIT_KEYS[0], "old.pem"),
        (
            &[("KOOHOOK_KIT_KEY", KIT_KEYS[1]), ("KOOHOOK_KIT_KEY_PREVIOUS", KIT_KEYS[0])],
            KIT_KEYS[0],
            "old.pem",
        ),
        (&[], KIT_KEYS[1], "old.pem"),
        (
            &[
                ("KOOHOOK_KIT_KEY_PREVIOUS", ""),
                ("KOOHOOK_RSA_PRIVATE_KEY", &format!("{new}{old}")),
            ],
            KIT_KEYS[1],
            "old.pem",
        ),
        (&[], KIT_KEYS[1], "new.pem"),
        (&[("KOOHOOK_RSA_PRIVATE_KEY", &new)], KIT_KEYS[1], "new.pem"),
    ];
    for (number, (settings, key, pem)) in steps.into_iter().enumerate() {
        if !settings.is_empty() {
            koohook.change(settings);
        }
        let since = koohook.log_length();
        Kit { koohook: &koohook, key, pem, sent: &sent }.send();
        let expected = if number == 1 { "previous" } else { "current" };
        product.wait("every credential", |memory| {
            let of_application = |kind: &str| kind == "application.put";
            let notices = memory.notices.values().filter(|(kind, _)| of_application(kind));
            let secrets: BTreeSet<_> = notices
                .map(|(_, data)| data["clientSecret"].as_str().unwrap().to_owned())
                .collect();
            (1..=sent.get()).all(|number| secrets.contains(&format!("made-up-secret-{number}")))
        });
        koohook.wait_for_key(expected, "Kit", since, 2);
        assert_eq!(koohook.keys_since(since, "Kit"), [expected; 2], "step {number}");
    }
    product.check_created(&[]);
    assert!(koohook.troubles("ERROR").is_empty(), "{:?}", koohook.troubles("ERROR"));
}
