//! Where `upgrade-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<upgrade_instance::Function>()
}
