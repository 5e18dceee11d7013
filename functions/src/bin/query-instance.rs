//! Where `query-instance` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::QUERY_INSTANCE])
}
