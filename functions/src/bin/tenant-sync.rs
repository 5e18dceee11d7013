//! The binary of the function `tenant-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::TENANT_SYNC])
}
