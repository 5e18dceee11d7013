//! The binary of the function `application-sync`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::APPLICATION_SYNC])
}
