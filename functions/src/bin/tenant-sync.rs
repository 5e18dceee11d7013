//! The binary of the function `tenant-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::TENANT_SYNC])
}
