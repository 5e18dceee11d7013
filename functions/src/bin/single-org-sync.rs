//! The binary of the function `single-org-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::SINGLE_ORG_SYNC])
}
