//! Where `new-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::new_instance::Function>()
}
