//! Where `application-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<application_sync::Function>()
}
