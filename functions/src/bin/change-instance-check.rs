//! The binary of the function `change-instance-check`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::CHANGE_INSTANCE_CHECK])
}
