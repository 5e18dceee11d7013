//! Where `new-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::NEW_INSTANCE])
}
