//! The binary of the function `auth-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::AUTH_SYNC])
}
