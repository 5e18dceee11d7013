//! Where `single-org-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::single_org_sync::Function>()
}
