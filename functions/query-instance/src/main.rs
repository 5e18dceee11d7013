//! Where `query-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<query_instance::Function>()
}
