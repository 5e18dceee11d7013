//! Where `release-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::RELEASE_INSTANCE])
}
