//! Where `relay` runs: on a timer, it delivers what is due, abandons what the marketplace has
//! refunded, and deletes unused parts. All of it is the shell's; no page of a guide is behind it.

fn main() -> std::process::ExitCode {
    shell::host::relay()
}
