//! Compiles the programs of a package with cargo-zigbuild.
//!
//! Zig links against the symbols of an old glibc, so that the programs start wherever a newer one is.
//! Paths of the machine that builds are not in the programs: they would differ on another machine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::target::PackageTarget;
use crate::error::CommandError;
use crate::output::errln;

/// What is built.
pub struct Build<'a> {
    /// The folder of the project.
    pub root: &'a Path,
    /// The profile of cargo.
    pub profile: &'a str,
    pub target: PackageTarget,
    /// The commit, for `koohook --version`.
    pub commit: Option<&'a str>,
}

impl Build<'_> {
    /// Builds the programs, and returns their folder.
    ///
    /// # Errors
    /// If cargo-zigbuild is missing, or the build fails.
    pub fn run(&self) -> Result<PathBuf, CommandError> {
        check_zigbuild()?;
        let target_folder = self.target_folder()?;
        for arguments in self.target.builds() {
            let began = Instant::now();
            errln!("koohook: cargo zigbuild {}", arguments.join(" "));
            let built = self.command(&arguments).env("RUSTFLAGS", self.flags()?).status();
            let built = built.map_err(|fault| format!("cargo cannot be started ({fault})"))?;
            if !built.success() {
                return Err("the build failed; cargo has printed why".into());
            }
            errln!("koohook: built in {} s", began.elapsed().as_secs());
        }
        let profile = if self.profile == "dev" { "debug" } else { self.profile };
        Ok(target_folder.join(TRIPLE).join(profile))
    }

    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(self.root).args(["zigbuild", "--locked", "--quiet", "--profile"]);
        command.arg(self.profile).args(["--target", &format!("{TRIPLE}.{GLIBC}")]);
        command.args(arguments).stdin(Stdio::null());
        // The flags of an operator's own builds must not change a package.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PROFILE_") {
                command.env_remove(name);
            }
        }
        command.env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_BUILD_RUSTFLAGS");
        // OpenSSL's makefile writes two folders into the library: those of the build. Neither is used.
        command.env("GNUMAKEFLAGS", format!("ENGINESDIR={NOWHERE} MODULESDIR={NOWHERE}"));
        // A package of the profile `dev` is only for trying it out.
        command.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_PROFILE_DEV_STRIP", "true");
        command.env("KOOHOOK_COMMIT", self.commit.unwrap_or_default());
        command
    }

    /// Neither the folder of the project nor cargo's may be in a program.
    fn flags(&self) -> Result<String, CommandError> {
        let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
        let cargo = cargo.or_else(home).ok_or("HOME is not set; set it, or CARGO_HOME")?;
        let (cargo, root) = (cargo.display(), self.root.display());
        Ok(format!("--remap-path-prefix={cargo}=/cargo --remap-path-prefix={root}=/koohook"))
    }

    /// Where cargo builds, also if a setting names another folder.
    fn target_folder(&self) -> Result<PathBuf, CommandError> {
        let mut command = Command::new("cargo");
        command.current_dir(self.root).args(["metadata", "--locked", "--no-deps"]);
        let printed = command.args(["--format-version", "1"]).output();
        let printed = printed.map_err(|fault| format!("cargo cannot be started ({fault})"))?;
        let metadata: serde_json::Value = serde_json::from_slice(&printed.stdout)
            .map_err(|_| super::components::failed("metadata", &printed.stderr))?;
        let folder = metadata.get("target_directory").and_then(serde_json::Value::as_str);
        Ok(folder.ok_or("cargo metadata names no target folder")?.into())
    }
}

/// The project's folder: this one, or one above it.
///
/// # Errors
/// If this folder is not in a clone of the project.
pub fn root() -> Result<PathBuf, CommandError> {
    let here = env::current_dir()?;
    let is_root = |folder: &&Path| {
        folder.join("functions/src/bin/receive.rs").is_file() && folder.join("deploy").is_dir()
    };
    let root = here.ancestors().find(is_root).map(Path::to_owned);
    root.ok_or_else(|| "this folder is not in a clone of koohook; run the command in one".into())
}

fn check_zigbuild() -> Result<(), CommandError> {
    let mut command = Command::new("cargo");
    command.args(["zigbuild", "--help"]).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err("cargo-zigbuild is missing; run pip install cargo-zigbuild ziglang, or name built programs \
         with --from"
        .into())
}

/// The only target whose packages are made. Another one needs its standard library for Rust.
pub const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// What is in a program instead of a folder of the machine that built it.
const NOWHERE: &str = "/koohook/nowhere";
/// The oldest glibc on which the programs start.
const GLIBC: &str = "2.17";
