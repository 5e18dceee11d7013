//! The binary of the function `receive`.

fn main() -> std::process::ExitCode {
    shell::host::serve(env!("CARGO_BIN_NAME"), &functions::BASE)
}
