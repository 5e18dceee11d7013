//! Where `tenant-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::tenant_sync::Function>()
}
