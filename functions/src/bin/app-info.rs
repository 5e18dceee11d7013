//! Where `app-info` runs: the product says by itself that an instance is ready, or that it will not
//! be. All of it is the shell's; no page of a guide is behind it.

fn main() -> std::process::ExitCode {
    shell::host::serve_app_info()
}
