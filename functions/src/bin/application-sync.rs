//! Where `application-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::application_sync::Function>()
}
