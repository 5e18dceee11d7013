//! The binary of the function `release-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::RELEASE_INSTANCE])
}
