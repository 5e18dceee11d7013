//! Where `all-org-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::all_org_sync::Function>()
}
