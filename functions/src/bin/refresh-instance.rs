//! The binary of the function `refresh-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::REFRESH_INSTANCE])
}
