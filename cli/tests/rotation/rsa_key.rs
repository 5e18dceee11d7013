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
            let answer = ureq::run(request).unwrap().body_mut().read_to_vec().unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
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
    let mut koohook = Installation::start(&[
        ("KOOHOOK_PRODUCT_URL", &hooks),
        ("KOOHOOK_PRODUCT_SECRET", SECRETS[0]),
    ]);
    let [old, new] = ["old.pem", "new.pem"].map(|name| {
        printed(koohook.run(&["keys", "new", "--out", name]));
        fs::read_to_string(koohook.path(name)).unwrap()
    });
    fs::write(koohook.path("both.pem"), format!("{old}{new}")).unwrap();
    let sent = Cell::new(0);
    for Step { settings, key, pem, used } in STEPS {
        if !settings.is_empty() {
            koohook.change(settings);
        }
        let since = koohook.log_length();
        Kit { koohook: &koohook, key, pem, sent: &sent }.send();
        wait_for_secrets(&product, sent.get());
        koohook.wait_for_key(used, "V2", since, 2);
        assert_eq!(koohook.keys_since(since, "V2"), [used; 2]);
    }
    product.check_created(&[]);
    assert!(koohook.troubles("ERROR").is_empty(), "{:?}", koohook.troubles("ERROR"));
}

/// Waits until the product has the decrypted secrets of so many applications.
fn wait_for_secrets(product: &VerifyingProduct, count: usize) {
    product.wait("every credential", |memory| {
        let notices = memory.notices.values().filter(|(kind, _)| kind == "application.put");
        let secrets: BTreeSet<_> =
            notices.map(|(_, data)| data["clientSecret"].as_str().unwrap()).collect();
        (1..=count).all(|number| secrets.contains(format!("made-up-secret-{number}").as_str()))
    });
}

/// A step of the change: what koohook gets, then with which keys the marketplace calls.
struct Step {
    settings: &'static [(&'static str, &'static str)],
    key: &'static str,
    pem: &'static str,
    /// Which access key verifies the calls.
    used: &'static str,
}

const STEPS: [Step; 6] = [
    // The kit begins: until now its key was not set.
    Step {
        settings: &[("KOOHOOK_KIT_KEY", KIT_KEYS[0]), (PEM_FILE, "old.pem")],
        key: KIT_KEYS[0],
        pem: "old.pem",
        used: "current",
    },
    Step {
        settings: &[("KOOHOOK_KIT_KEY", KIT_KEYS[1]), ("KOOHOOK_KIT_KEY_PREVIOUS", KIT_KEYS[0])],
        key: KIT_KEYS[0],
        pem: "old.pem",
        used: "previous",
    },
    Step { settings: &[], key: KIT_KEYS[1], pem: "old.pem", used: "current" },
    Step {
        settings: &[("KOOHOOK_KIT_KEY_PREVIOUS", ""), (PEM_FILE, "both.pem")],
        key: KIT_KEYS[1],
        pem: "old.pem",
        used: "current",
    },
    Step { settings: &[], key: KIT_KEYS[1], pem: "new.pem", used: "current" },
    Step { settings: &[(PEM_FILE, "new.pem")], key: KIT_KEYS[1], pem: "new.pem", used: "current" },
];
const PEM_FILE: &str = "KOOHOOK_RSA_PRIVATE_KEY_FILE";
