//! The binary of the function `expire-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::EXPIRE_INSTANCE])
}
