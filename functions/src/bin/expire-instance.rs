//! The binary of the function `expire-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::EXPIRE_INSTANCE])
}
