//! Where `update-instance-status` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::UPDATE_INSTANCE_STATUS])
}
