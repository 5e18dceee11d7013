//! Where `new-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<new_instance::Function>()
}
