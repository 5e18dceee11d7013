//! Where `refresh-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::REFRESH_INSTANCE])
}
