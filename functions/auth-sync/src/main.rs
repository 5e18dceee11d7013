//! Where `auth-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<auth_sync::Function>()
}
