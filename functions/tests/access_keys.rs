//! Functions that start without the access key of their activities.

use std::process::{Command, Stdio};

/// Each function, the key that it needs, and the other key.
const FUNCTIONS: [(&str, &str, &str); 5] = [
    (env!("CARGO_BIN_EXE_receive"), "KOOHOOK_BASE_KEY", "KOOHOOK_KIT_KEY"),
    (env!("CARGO_BIN_EXE_new-instance"), "KOOHOOK_BASE_KEY", "KOOHOOK_KIT_KEY"),
    (env!("CARGO_BIN_EXE_query-instance"), "KOOHOOK_BASE_KEY", "KOOHOOK_KIT_KEY"),
    (env!("CARGO_BIN_EXE_tenant-sync"), "KOOHOOK_KIT_KEY", "KOOHOOK_BASE_KEY"),
    (env!("CARGO_BIN_EXE_all-org-sync"), "KOOHOOK_KIT_KEY", "KOOHOOK_BASE_KEY"),
];

/// Otherwise it would answer every call of the marketplace with 404, and its health checks with 200.
#[test]
fn a_function_without_its_access_key_does_not_start() {
    for (program, needed, other) in FUNCTIONS {
        let output = Command::new(program)
            .env_clear()
            .env("KOOHOOK_LISTEN", "127.0.0.1:0")
            .env("KOOHOOK_STORE", "memory:")
            .env("KOOHOOK_APP_INFO", r#"{"frontEndUrl":"https://app.example.com"}"#)
            .env("KOOHOOK_SEAL_KEY", "S0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0s=")
            .env(other, "constructed-other-key-0001")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let [log, errors] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        assert_eq!(output.status.code(), Some(1), "{program}: {log}");
        assert!(
            errors.contains(&format!("{needed} is required by this function; copy")),
            "{errors}"
        );
        assert!(log.contains(r#""level":"ERROR","message":"cannot start""#), "{log}");
    }
}
