//! Where `relay` runs: on a timer, it delivers what is due, lets time pass, and lets go of what
//! nobody needs. All of it is the shell's; no page of a guide is behind it.

fn main() -> std::process::ExitCode {
    shell::host::relay()
}
