//! Where `all-org-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::ALL_ORG_SYNC])
}
