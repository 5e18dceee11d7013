//! The binary of the function `all-org-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::ALL_ORG_SYNC])
}
