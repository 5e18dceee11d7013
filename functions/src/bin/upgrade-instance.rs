//! The binary of the function `upgrade-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::UPGRADE_INSTANCE])
}
