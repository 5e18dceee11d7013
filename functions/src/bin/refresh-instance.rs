//! The binary of the function `refresh-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::REFRESH_INSTANCE])
}
