//! Where `app-info` runs.

fn main() -> std::process::ExitCode {
    shell::host::serve_access::<functions::app_info::Function>()
}
