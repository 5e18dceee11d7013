//! Where `refresh-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::refresh_instance::Function>()
}
