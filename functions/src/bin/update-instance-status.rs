//! The binary of the function `update-instance-status`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::UPDATE_INSTANCE_STATUS])
}
