//! The binary of the function `app-info`: the product reports that an instance is ready, or refuses
//! the order. The crate `shell` implements it, because no page of the marketplace's guides defines
//! it.

fn main() -> std::process::ExitCode {
    shell::host::serve_app_info()
}
