//! Where `change-instance-check` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::CHANGE_INSTANCE_CHECK])
}
