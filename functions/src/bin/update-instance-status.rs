//! Where `update-instance-status` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::update_instance_status::Function>()
}
