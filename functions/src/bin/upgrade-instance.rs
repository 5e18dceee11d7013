//! The binary of the function `upgrade-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::UPGRADE_INSTANCE])
}
