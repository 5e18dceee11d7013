//! The seller: its settings, and its product.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use serde_json::json;
use shell::config::Config;
use tests::call::config;

use super::super::{CANARY, PEM, PRODUCT_SECRET, SEAL_KEY, SEAL_KEY_PREVIOUS};
use super::{BASE_KEY, KIT_KEY, RELAY_SECRET};

/// Every setting that contains a secret, with canaries. Over memory koohook also queries orders.
pub fn settings(store: &str, product: SocketAddr) -> Vec<(&'static str, String)> {
    let app_info = json!({
        "frontEndUrl": "https://canary.example.com/{instanceId}", "userName": CANARY,
        "password": CANARY, "memo": CANARY,
    });
    let pem = std::env::var(PEM).unwrap();
    let mut settings = vec![
        ("KOOHOOK_BASE_KEY", BASE_KEY.to_owned()),
        ("KOOHOOK_BASE_KEY_PREVIOUS", "canary-base-key-00000000".to_owned()),
        ("KOOHOOK_KIT_KEY", KIT_KEY.to_owned()),
        ("KOOHOOK_KIT_KEY_PREVIOUS", "canary-kit-key-000000000".to_owned()),
        ("KOOHOOK_APP_INFO", app_info.to_string()),
        ("KOOHOOK_PRODUCT_URL", format!("http://{product}/canary?secret=canary")),
        ("KOOHOOK_PRODUCT_SECRET", format!("whsec_{PRODUCT_SECRET}")),
        ("KOOHOOK_SEAL_KEY", SEAL_KEY.to_owned()),
        ("KOOHOOK_SEAL_KEY_PREVIOUS", SEAL_KEY_PREVIOUS.to_owned()),
        ("KOOHOOK_RELAY_SECRET", RELAY_SECRET.to_owned()),
        ("KOOHOOK_RSA_PRIVATE_KEY", pem),
        ("KOOHOOK_STORE", store.to_owned()),
    ];
    if store == "memory:" {
        settings.push(("KOOHOOK_OPENAPI_AK", "canary-ak".to_owned()));
        settings.push(("KOOHOOK_OPENAPI_SK", "canary-sk".to_owned()));
        settings.push(("KOOHOOK_OPENAPI_HOST", format!("http://{product}")));
    }
    settings
}

/// Reads the configuration from settings.
pub fn read(settings: &[(&'static str, String)]) -> Config {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    config(&settings)
}

/// A product, and the marketplace's open API, that answer in every way in turn.
pub fn product() -> SocketAddr {
    const ANSWERS: [&str; 6] = [
        "HTTP/1.1 200 OK\r\nX-A: canary\r\nContent-Length: 72\r\n\r\n{\"appInfo\":{\"frontEndUrl\":\"https://canary.example\",\"userName\":\"canary\"}}",
        "HTTP/1.1 500 canary\r\nX-A: canary\r\nContent-Length: 6\r\n\r\ncanary",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary",
        "",
        "HTTP/1.1 202 OK\r\nContent-Length: 19\r\n\r\n{\"canary\":\"canary\"}",
        "canary\r\n\r\n",
    ];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 64 * 1024]);
            let _ = stream.write_all(ANSWERS[number % ANSWERS.len()].as_bytes());
        }
    });
    address
}
