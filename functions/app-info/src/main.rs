//! Where `app-info` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve_access::<app_info::Function>()
}
