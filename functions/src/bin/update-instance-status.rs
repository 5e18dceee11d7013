//! The binary of the function `update-instance-status`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::UPDATE_INSTANCE_STATUS])
}
