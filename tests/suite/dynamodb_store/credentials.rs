//! Sources of credentials, and when the store fetches them again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::time::UnixMillis;
use shell::aws::{AwsCredentials, AwsCredentialsError};
use shell::store::Store;
use tests::call::run;
use tests::dynamodb::{ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, credentials, noon};
use tests::world::NOW;

use super::{NOON, answer, header, rejection, scripted};

pub(super) fn read(set: &[(&str, &str)]) -> Result<AwsCredentials, AwsCredentialsError> {
    AwsCredentials::read(&|name| {
        set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn credentials_are_fetched_only_from_trusted_addresses() {
    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    assert_eq!(read(&[]).unwrap_err(), AwsCredentialsError::Missing);
    let half = [("AWS_ACCESS_KEY_ID", "made-up"), ("AWS_SECRET_ACCESS_KEY", "")];
    assert_eq!(read(&half).unwrap_err(), AwsCredentialsError::Missing);
    for uri in [
        "https://keys.example/a",
        "http://127.0.0.1:9/a",
        "http://localhost/a",
        "http://[::1]/a",
        "http://169.254.170.2/a",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
    ] {
        assert!(read(&[(FULL, uri)]).is_ok(), "{uri}");
    }
    for uri in ["http://keys.example/a", "http://169.254.169.254/a", "ftp://localhost", "a", "/a"] {
        assert_eq!(read(&[(FULL, uri)]).unwrap_err(), AwsCredentialsError::Endpoint, "{uri}");
    }
    assert!(read(&[(RELATIVE, "/v2/credentials/made-up")]).is_ok());
    assert_eq!(read(&[(RELATIVE, "@keys.example/")]).unwrap_err(), AwsCredentialsError::Endpoint);
    assert_eq!(format!("{:?}", credentials()), "AwsCredentials([redacted])");
}

/// The clock of the only test that advances it.
static CLOCK: AtomicU64 = AtomicU64::new(NOW);

fn running() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(CLOCK.load(Ordering::SeqCst))
}

#[test]
fn fetched_credentials_are_kept_until_shortly_before_they_expire() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "first-token\n").unwrap();
    let credentials = read(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/keys"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.path().to_str().unwrap()),
    ]);
    // The test's clock starts at 21:09:27. Credentials expire one hour after each fetch.
    let (store, sent) = scripted("https://a.example", credentials.unwrap(), running, |request| {
        match request.uri().host() {
            Some("127.0.0.1") if running() > noon() + Duration::from_hours(2) => answer(500, "{}"),
            Some("127.0.0.1") => {
                let end = running() + Duration::from_hours(1);
                let end = end.duration_since(UNIX_EPOCH).unwrap();
                let end = UnixMillis::new(end.as_secs() * 1_000).to_rfc3339();
                let keys = format!(
                    r#"{{"AccessKeyId":"{ACCESS_KEY}","SecretAccessKey":"{SECRET_KEY}",
                    "Token":"{SESSION_TOKEN}","Expiration":"{end}","Code":"Success"}}"#
                );
                answer(200, &keys)
            }
            _ => answer(200, "{}"),
        }
    });
    let fetches_after = |minutes: u64, answered: bool| -> Vec<String> {
        CLOCK.store(NOW + minutes * 60_000, Ordering::SeqCst);
        sent.lock().unwrap().clear();
        assert_eq!(run(store.get("a", NOON)).is_ok(), answered, "after {minutes} minutes");
        let sent = sent.lock().unwrap();
        let fetches = sent.iter().filter(|request| request.uri().path() == "/keys");
        fetches.map(|fetch| header(fetch, "authorization").unwrap().to_owned()).collect()
    };
    let none = Vec::<String>::new();
    assert_eq!(fetches_after(0, true), ["first-token"]);
    assert_eq!(fetches_after(54, true), none);
    std::fs::write(file.path(), "second-token").unwrap();
    assert_eq!(fetches_after(56, true), ["second-token"]);
    // At 1:56 these credentials expire. From 2:00 on, the platform returns none.
    assert_eq!(fetches_after(110, true), none);
    assert_eq!(fetches_after(114, true), ["second-token"]);
    assert_eq!(fetches_after(170, true), ["second-token"], "they are used until they expire");
    assert_eq!(fetches_after(175, false), ["second-token"]);
}

#[test]
fn rejected_credentials_are_fetched_again() {
    let credentials = read(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/keys")]);
    let calls = AtomicU64::new(0);
    let (store, sent) = scripted("https://a.example", credentials.unwrap(), noon, move |request| {
        if request.uri().host() == Some("169.254.170.2") {
            return answer(200, r#"{"AccessKeyId":"made-up","SecretAccessKey":"made-up"}"#);
        }
        match calls.fetch_add(1, Ordering::SeqCst) {
            1 => rejection("ExpiredTokenException"),
            _ => answer(200, "{}"),
        }
    });
    for expected in [2, 5, 6] {
        assert_eq!(run(store.get("a", NOON)), Ok(None));
        assert_eq!(sent.lock().unwrap().len(), expected);
    }
}
