//! The binary of the function `release-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::RELEASE_INSTANCE])
}
