//! Where `receive` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&functions::BASE)
}
