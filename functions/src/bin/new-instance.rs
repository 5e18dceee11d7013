//! The binary of the function `new-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::NEW_INSTANCE])
}
