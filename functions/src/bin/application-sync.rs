//! Where `application-sync` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve(&[functions::APPLICATION_SYNC])
}
