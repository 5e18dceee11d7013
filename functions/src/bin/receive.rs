//! The binary of the function `receive`.

fn main() -> std::process::ExitCode {
    shell::host::serve(&functions::BASE)
}
