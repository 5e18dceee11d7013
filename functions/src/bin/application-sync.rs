//! The binary of the function `application-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::APPLICATION_SYNC])
}
