//! Where `expire-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::EXPIRE_INSTANCE])
}
