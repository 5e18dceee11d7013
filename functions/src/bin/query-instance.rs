//! Where `query-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve::<functions::query_instance::Function>()
}
