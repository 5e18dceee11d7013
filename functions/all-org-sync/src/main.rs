//! Where `all-org-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<all_org_sync::Function>()
}
