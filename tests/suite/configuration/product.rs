//! Settings of the product (decision E6). HTTPS is accepted for any host. Plain HTTP is accepted
//! for this machine and, if the seller sets it, for the seller's private network. The seller may
//! set its own certificate authority.

use shell::guard::Network;

use super::{APP_INFO, CANARY, PRODUCT_SECRET, read, refusal, refused};

const AUTHORITY: &str = include_str!("../../vectors/tls/ca.pem");
const AUTHORITYS_KEY: &str = include_str!("../../vectors/tls/server.key");
const ADDRESS: &str = "https://product.example.com";

/// The network that must contain an address over plain HTTP, or the text of the rejection.
fn network(address: &str, more: &[(&str, &str)]) -> Result<Option<Network>, String> {
    let product = [("KOOHOOK_PRODUCT_URL", address), ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET)];
    let config = read(&[&product, more].concat()).map_err(|refused| refused.to_string())?;
    Ok(config.context.product.unwrap().guard.network)
}

const PRIVATE: [(&str, &str); 1] = [("KOOHOOK_PRODUCT_HTTP", "private")];

const BAD_ADDRESSES: [&str; 24] = [
    "canary-value",
    "canary-value.example.com/hooks",
    "http://canary-value.example.com/hooks",
    "http://localhost.canary-value.example",
    "http://127.0.0.1.canary-value.example",
    "http://10.0.0.1/canary-value",
    "http://user:canary-value@localhost/",
    "https://user:canary-value@product.example.com/",
    "https://canary-value@product.example.com/",
    "http://127.0.0.1:80@canary-value.example/",
    "https://product.example.com/#canary-value",
    "https://product.example.com:/canary-value",
    "https://product.example.com:0/canary-value",
    "https://product.example.com:65536/canary-value",
    "https://product.example.com/canary value",
    "ftp://canary-value.example.com",
    "https//canary-value.example.com",
    "https:/canary-value.example.com",
    "//canary-value.example.com",
    "/canary-value",
    "https://",
    "https:///canary-value",
    "https://.",
    "javascript:canary-value",
];

#[test]
fn products_on_other_machines_require_https() {
    refused("KOOHOOK_PRODUCT_URL", &BAD_ADDRESSES);
    for address in [ADDRESS, "https://product.example.com:8443/hooks?a=b", "https://192.0.2.1"] {
        assert_eq!(network(address, &[]), Ok(None), "{address}");
        assert_eq!(network(address, &PRIVATE), Ok(None), "{address}");
    }
    for address in [
        "http://localhost:3000/hooks",
        "http://LOCALHOST",
        "http://localhost.:3000",
        "http://product.localhost/",
        "http://127.0.0.1:3000",
        "http://127.8.9.10",
        "http://[::1]:3000/hooks",
        "http://[::ffff:127.0.0.1]/",
    ] {
        // Also with the setting `private`, plain HTTP to these addresses must stay on this machine.
        assert_eq!(network(address, &[]), Ok(Some(Network::Loopback)), "{address}");
        assert_eq!(network(address, &PRIVATE), Ok(Some(Network::Loopback)), "{address}");
    }
}

#[test]
fn plain_http_to_a_private_network_requires_a_setting() {
    for address in [
        "http://10.1.2.3:8080/hooks",
        "http://172.16.0.1",
        "http://192.168.0.10",
        "http://[fd12::1]:8080",
        "http://[::ffff:10.0.0.1]",
        // koohook checks the address of a host name at every connection.
        "http://product",
        "http://product.internal:8080/hooks",
        "http://localhost.canary-value.example",
    ] {
        let said = network(address, &[]).unwrap_err();
        assert!(said.contains("KOOHOOK_PRODUCT_HTTP=private"), "{address}: {said}");
        assert_eq!(network(address, &PRIVATE), Ok(Some(Network::Private)), "{address}");
    }
    for address in [
        "http://0.0.0.0",
        "http://[::]",
        "http://169.254.169.254/latest",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/",
        "http://100.64.0.1",
        "http://172.32.0.1",
        "http://224.0.0.1",
        "http://255.255.255.255",
        "http://8.8.8.8",
        "http://[2001:db8::1]",
    ] {
        let said = network(address, &PRIVATE).unwrap_err();
        assert!(said.contains("10.0.0.0/8"), "{address}: {said}");
    }
    refused("KOOHOOK_PRODUCT_HTTP", &["canary-value", "Private", "on", "true", "1", "loopback"]);
}

#[test]
fn ambiguous_hosts_are_rejected() {
    for address in [
        "http://2130706433",
        "http://0x7f000001",
        "http://0x7f.1",
        "http://127.1",
        "http://0177.0.0.1",
        "http://127.0.0.01",
        "http://10.0.0.256",
        "http://127.0.0.1.",
        "https://3232235521",
        "http://[fe80::1%25eth0]",
        "http://[::1%25lo]",
        "http://[127.0.0.1]",
    ] {
        assert!(network(address, &PRIVATE).is_err(), "{address}");
        assert!(network(address, &[]).is_err(), "{address}");
    }
}

#[test]
fn the_error_for_an_address_without_a_scheme_names_the_allowed_schemes() {
    let with = |more: &[(&str, &str)]| {
        let address = [("KOOHOOK_PRODUCT_URL", "localhost:9000/hooks")];
        refusal(&[&address[..], &[("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET)], more].concat())
    };
    assert!(with(&[]).contains("https:// (http:// only to this machine),"), "{}", with(&[]));
    let private = with(&PRIVATE);
    assert!(private.contains("(http:// only to this machine or a private network)"), "{private}");
}

#[test]
fn an_authority_must_be_a_certificate() {
    let product = [("KOOHOOK_PRODUCT_URL", ADDRESS), ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET)];
    let with = |pem: &str| {
        let said = refusal(&[&product[..], &[("KOOHOOK_PRODUCT_CA", pem)]].concat());
        assert!(said.starts_with("KOOHOOK_PRODUCT_CA "), "{said}");
        said
    };
    assert!(with(AUTHORITYS_KEY).contains("private key"));
    assert!(with("/etc/ssl/canary-value.pem").contains("-----BEGIN CERTIFICATE-----"));
    let damaged = AUTHORITY.replace("MII", &format!("{CANARY}!"));
    assert!(with(&damaged).contains("damaged"), "{}", with(&damaged));
    let two = [AUTHORITY, AUTHORITY].concat();
    for (pem, count) in [(AUTHORITY, 1), (&two, 2), (&AUTHORITY.replace('\n', "\\n"), 1)] {
        let config = read(&[&product[..], &[("KOOHOOK_PRODUCT_CA", pem)]].concat()).unwrap();
        assert_eq!(config.context.product.unwrap().guard.authorities.iter().count(), count);
    }
    let alone = refusal(&[("KOOHOOK_PRODUCT_CA", AUTHORITY), ("KOOHOOK_APP_INFO", APP_INFO)]);
    assert_eq!(
        alone,
        "KOOHOOK_PRODUCT_CA is set without KOOHOOK_PRODUCT_URL; set both, or unset it"
    );
    let plain = refusal(&[
        ("KOOHOOK_PRODUCT_URL", "http://localhost"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
        ("KOOHOOK_PRODUCT_CA", AUTHORITY),
    ]);
    assert_eq!(
        plain,
        "KOOHOOK_PRODUCT_CA is only for https; use https in KOOHOOK_PRODUCT_URL, or unset KOOHOOK_PRODUCT_CA"
    );
}

#[test]
fn an_unusable_product_secret_has_a_precise_message() {
    let with = |secret: &str| {
        refusal(&[("KOOHOOK_PRODUCT_URL", ADDRESS), ("KOOHOOK_PRODUCT_SECRET", secret)])
    };
    assert!(with("Y2FuYXJ5").contains("does not begin with whsec_"));
    assert!(with(&format!("whsec_{PRODUCT_SECRET}")).contains("twice"));
    assert!(with("whsec_canary-value").contains("not base64"));
    assert!(with("whsec_Y2FuYXJ5").contains("not 24 to 64 bytes"));
    assert!(with("unset").contains("koohook keys secret product"));
}
