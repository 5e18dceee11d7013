//! Where `expire-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<expire_instance::Function>()
}
