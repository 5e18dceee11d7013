//! Where `refresh-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<refresh_instance::Function>()
}
