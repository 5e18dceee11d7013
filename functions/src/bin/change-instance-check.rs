//! Where `change-instance-check` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::change_instance_check::Function>()
}
