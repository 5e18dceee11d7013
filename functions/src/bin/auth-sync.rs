//! The binary of the function `auth-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::AUTH_SYNC])
}
