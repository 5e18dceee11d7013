//! The binary of the function `query-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::QUERY_INSTANCE])
}
