//! Where `change-instance-check` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<change_instance_check::Function>()
}
