//! Where `tenant-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::TENANT_SYNC])
}
