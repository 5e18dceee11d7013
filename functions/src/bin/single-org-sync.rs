//! The binary of the function `single-org-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::SINGLE_ORG_SYNC])
}
