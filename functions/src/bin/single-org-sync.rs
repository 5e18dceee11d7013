//! Where `single-org-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::SINGLE_ORG_SYNC])
}
