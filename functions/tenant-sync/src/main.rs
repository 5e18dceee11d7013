//! Where `tenant-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<tenant_sync::Function>()
}
