//! The binary of the function `change-instance-check`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::CHANGE_INSTANCE_CHECK])
}
