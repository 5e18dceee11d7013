//! The binary of the function `new-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::NEW_INSTANCE])
}
