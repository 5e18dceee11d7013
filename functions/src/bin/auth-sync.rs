//! Where `auth-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::AUTH_SYNC])
}
