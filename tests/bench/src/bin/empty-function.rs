//! A function without any code of koohook. It contains the external crates that `new-instance`
//! links, and uses each one so that the linker keeps it. This is the baseline for the size of a
//! function.

use std::hint::black_box;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use lambda_http::{Body, Error, Request, Response, service_fn};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use time::{Date, Month, OffsetDateTime};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> Result<(), Error> {
    let targets = std::env::var("KOOHOOK_LOG").unwrap_or_default().parse();
    let targets = targets.unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false);
    tracing_subscriber::registry().with(targets).with(lines).try_init()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda_http::run(service_fn(async |request: Request| {
        let answer = touch(request.body().as_ref())?;
        tracing::info!(len = answer.len(), "touched");
        let answering = async { Response::new(Body::from(answer)) };
        Ok::<_, Error>(tokio::time::timeout(std::time::Duration::MAX, answering).await?)
    })))
}

/// Uses a part of each crate, over bytes that the compiler does not know.
fn touch(bytes: &[u8]) -> Result<String, Error> {
    let text = str::from_utf8(bytes)?;
    let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let decoded = percent_decode_str(text).decode_utf8()?.into_owned();
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut mac = Hmac::<Sha256>::new_from_slice(bytes)?;
    mac.update(&digest);
    let equal: bool = mac.finalize().into_bytes().ct_eq(&digest).into();
    let parts = [
        encoded,
        decoded,
        equal.to_string(),
        STANDARD.encode(digest),
        hex::encode(STANDARD_NO_PAD.decode(bytes).unwrap_or_default()),
        hex::encode(cbc_both_ways(digest)?),
        hex::encode(gcm_both_ways(digest)?),
        json(text)?,
        calendar(text)?,
        name(bytes),
    ];
    Ok(black_box(parts).concat())
}

fn cbc_both_ways(key: [u8; 32]) -> Result<Vec<u8>, Error> {
    let iv = [0; 16];
    let [short, _] = *key.as_chunks::<16>().0 else {
        return Err("32 bytes are two blocks".into());
    };
    let long = cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, &iv)?;
    let sealed = long.encrypt_padded_vec::<Pkcs7>(&key);
    let short = cbc::Encryptor::<aes::Aes128>::new_from_slices(&short, &iv)?
        .encrypt_padded_vec::<Pkcs7>(&sealed)
        .into_iter()
        .chain(
            cbc::Decryptor::<aes::Aes128>::new_from_slices(&short, &iv)?
                .decrypt_padded_vec::<Pkcs7>(&sealed)
                .map_err(|fault| fault.to_string())?,
        );
    let long = cbc::Decryptor::<aes::Aes256>::new_from_slices(&key, &iv)?;
    let opened = long.decrypt_padded_vec::<Pkcs7>(&sealed);
    Ok(short.chain(opened.map_err(|fault| fault.to_string())?).collect())
}

fn gcm_both_ways(key: [u8; 32]) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).map_err(|fault| fault.to_string())?;
    let nonce: Nonce<Aes256Gcm> = nonce.into();
    let cipher = Aes256Gcm::new(&key.into());
    let sealed = cipher.encrypt(&nonce, key.as_slice());
    let sealed = sealed.map_err(|fault| fault.to_string())?;
    let opened = cipher.decrypt(&nonce, sealed.as_slice());
    Ok(opened.map_err(|fault| fault.to_string())?)
}

fn json(text: &str) -> Result<String, Error> {
    #[derive(Deserialize, Serialize)]
    struct Row {
        name: String,
        #[serde(default)]
        count: u32,
    }
    let raw: &RawValue = serde_json::from_str(text)?;
    let rows: Vec<Row> = serde_json::from_str(raw.get())?;
    let tree: serde_json::Value = serde_json::from_str(text)?;
    Ok(serde_json::to_string(&rows)? + &tree.to_string())
}

fn calendar(text: &str) -> Result<String, Error> {
    let date = Date::from_calendar_date(text.parse()?, Month::try_from(1)?, 1)?;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(text.parse()?)?;
    Ok(format!("{}{:04}", date.year(), moment.year()))
}

fn name(bytes: &[u8]) -> String {
    let digest: [u8; 20] = Sha1::digest(bytes).into();
    let first = digest.first_chunk::<16>().copied().unwrap_or_default();
    let name = uuid::Builder::from_sha1_bytes(first).into_uuid();
    name.hyphenated().to_string()
}
