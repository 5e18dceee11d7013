//! The binary of the function `all-org-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::ALL_ORG_SYNC])
}
