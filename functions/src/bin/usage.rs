//! The binary of the function `usage`: the product reports the usage (话单) of pay-per-use instances
//! and of packages. The crate `shell` implements it, because no page of the marketplace's guides
//! defines it.

fn main() -> std::process::ExitCode {
    shell::host::serve_usage()
}
