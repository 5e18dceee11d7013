//! The binary of the function `query-instance`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &[functions::QUERY_INSTANCE])
}
