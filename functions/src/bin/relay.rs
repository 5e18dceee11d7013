//! The binary of the function `relay`: on a timer, it delivers due notices, abandons purchases that
//! the marketplace has refunded, and deletes unused parts. The crate `shell` implements it, because
//! no page of the marketplace's guides defines it.

fn main() -> std::process::ExitCode {
    shell::host::relay()
}
