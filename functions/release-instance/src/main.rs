//! Where `release-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<release_instance::Function>()
}
