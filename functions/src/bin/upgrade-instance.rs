//! Where `upgrade-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::UPGRADE_INSTANCE])
}
