//! `koohook package`: makes the packages that a seller uploads or copies: a ZIP for each function, a folder
//! for Vercel, or a tar for a machine. The same commit makes the same bytes.
//!
//! - `target`: what a target consists of. `build`: compiles it. `commit`: names its source.
//! - `contents`: the files in each package that say what its program consists of.
//! - `components`: what is in a program, by cargo. `native`: the libraries in C, and Rust's own library.
//!   `sbom` and `licences`: the two files that list them. `licence_files`: finds texts.
//! - `extra`: the operator's own files. `vercel`: the folder for Vercel. `archive`: ZIP, tar and folders.
//!   `sums`: the checksums.

mod archive;
mod build;
mod commit;
mod components;
mod contents;
mod extra;
mod licence_files;
mod licences;
mod native;
mod sbom;
mod sums;
mod target;
mod vercel;

use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::archive::Member;
use self::build::Build;
use self::contents::Contents;
use self::extra::Extra;
use self::target::{PackageTarget, PackagedFunction};
use crate::error::CommandError;
use crate::output::outln;

/// Arguments of `koohook package`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook package --target functiongraph
  koohook package --target functiongraph --rsa-key rsa-private-key.sealed --include redis-ca.pem
  koohook package --target lambda
  koohook package --target vercel
  koohook package --target machine --out dist
  koohook package --target functiongraph --from target/x86_64-unknown-linux-gnu/release

Run it in a clone of the project. The programs are built for x86_64 Linux with glibc 2.17 or newer, by
cargo-zigbuild: pip install cargo-zigbuild ziglang. With --from nothing is built: the folder has the
programs already.

functiongraph, lambda: OUT/TARGET/FUNCTION.zip, each with an executable file bootstrap.
vercel: OUT/vercel/.vercel/output, which vercel deploy --prebuilt uploads from OUT/vercel, and
OUT/koohook-VERSION-vercel.tar.gz with the same files.
machine: OUT/koohook-VERSION-x86_64-linux.tar.gz with the program, the systemd unit, the snippets for
nginx and Caddy, and the pages.

Each package has sbom.cdx.json, which lists what the program consists of (CycloneDX), and LICENSES.txt,
which has the licences. Both are made from the clone.

OUT/SHA256SUMS has the checksums of all packages in OUT. The same commit makes the same bytes.")]
pub struct PackageArguments {
    /// Where the packages will run.
    #[arg(long, value_name = "TARGET", value_enum)]
    target: PackageTarget,
    /// A folder with built programs. Then nothing is built.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The folder for the packages.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    out: PathBuf,
    /// The profile of cargo: `dev` is built sooner and is larger.
    #[arg(long, value_name = "PROFILE", default_value = "release", value_parser = ["release", "dev"])]
    profile: String,
    /// The kit's private keys as koohook keys pack has sealed them, for the package of application-sync.
    #[arg(long, value_name = "FILE")]
    rsa_key: Option<PathBuf>,
    /// A file for the package of every function, like the certificate of Redis's authority.
    #[arg(long, value_name = "FILE")]
    include: Vec<PathBuf>,
}

/// Builds the programs if needed, and writes the packages.
pub fn run(arguments: &PackageArguments) -> Result<ExitCode, CommandError> {
    let root = build::root()?;
    // Of programs that exist, the commit is not known here.
    let commit = arguments.from.is_none().then(|| commit::of(&root)).flatten();
    let folder = match &arguments.from {
        Some(folder) => folder.clone(),
        None => {
            let (profile, target) = (arguments.profile.as_str(), arguments.target);
            Build { root: &root, profile, target, commit: commit.as_deref() }.run()?
        }
    };
    let extra = Extra::read(arguments)?;
    let contents = Contents::read(&root, arguments.target, commit.as_deref())?;
    let parts = Parts { folder: &folder, extra: &extra, contents: &contents };
    let _lock = lock(&arguments.out)?;
    sums::remove(&arguments.out)?;
    let made = match arguments.target {
        PackageTarget::Functiongraph | PackageTarget::Lambda => {
            functions(&parts, &arguments.out.join(arguments.target.folder()))?
        }
        PackageTarget::Vercel => vercel::make(&parts, &arguments.out)?,
        PackageTarget::Machine => vec![machine(&root, &parts, &arguments.out)?],
    };
    let sums = sums::write(&arguments.out)?;
    made.iter().for_each(Made::print);
    outln!("commit: {}", commit.as_deref().unwrap_or("unknown"));
    outln!("contents: {}", arguments.target.contents());
    outln!("checksums: {}", sums.display());
    outln!("next: {}", arguments.target.next());
    Ok(ExitCode::SUCCESS)
}

/// One package that was made.
struct Made {
    path: PathBuf,
    /// The bytes of the package, and of the program in it.
    sizes: [u64; 2],
    /// Where it goes.
    place: &'static str,
}

impl Made {
    fn new(path: PathBuf, program: u64, place: &'static str) -> Result<Self, CommandError> {
        let size = fs::metadata(&path).map_err(|fault| unreadable(&path, &fault))?.len();
        Ok(Self { path, sizes: [size, program], place })
    }

    fn print(&self) {
        let [package, program] = self.sizes.map(|bytes| bytes.div_ceil(1_024));
        let path = self.path.display();
        outln!("{path}: {package} KiB (the program: {program} KiB); {}", self.place);
    }
}

/// What packages are made of.
struct Parts<'a> {
    /// The folder of the built programs.
    folder: &'a Path,
    extra: &'a Extra,
    contents: &'a Contents<'a>,
}

impl Parts<'_> {
    /// The program of a function.
    fn program(&self, name: &str) -> Result<Vec<u8>, CommandError> {
        program(&self.folder.join(name))
    }

    /// The files beside the program of a function.
    fn beside(
        &self,
        function: &PackagedFunction,
        program: &[u8],
    ) -> Result<Vec<Member>, CommandError> {
        let mut members = Vec::from(self.contents.of(function.name, program)?);
        members.extend(self.extra.of(function));
        Ok(members)
    }
}

/// Writes a ZIP for each function.
fn functions(parts: &Parts<'_>, out: &Path) -> Result<Vec<Made>, CommandError> {
    fs::create_dir_all(out).map_err(|fault| unwritable(out, &fault))?;
    target::FUNCTIONS.iter().map(|function| zip_of(parts, out, function)).collect()
}

fn zip_of(
    parts: &Parts<'_>,
    out: &Path,
    function: &PackagedFunction,
) -> Result<Made, CommandError> {
    let program = parts.program(function.name)?;
    let size = length(&program);
    let mut members = parts.beside(function, &program)?;
    members.push(Member::program("bootstrap", program));
    let path = out.join(format!("{}.zip", function.name));
    archive::write_zip(&path, members)?;
    Made::new(path, size, function.place)
}

/// Writes the tar for a machine.
fn machine(root: &Path, parts: &Parts<'_>, out: &Path) -> Result<Made, CommandError> {
    fs::create_dir_all(out).map_err(|fault| unwritable(out, &fault))?;
    let name = format!("koohook-{}-x86_64-linux", env!("CARGO_PKG_VERSION"));
    let program = parts.program("koohook")?;
    let size = length(&program);
    let mut members = Vec::from(parts.contents.of("koohook", &program)?);
    members.push(Member::program("bin/koohook", program));
    for (from, to) in target::MACHINE_FILES {
        members.extend(files(&root.join(from), to)?);
    }
    let path = out.join(format!("{name}.tar.gz"));
    archive::write_tar(&path, &name, members)?;
    Made::new(path, size, target::MACHINE_PLACE)
}

/// The bytes of a program.
fn length(program: &[u8]) -> u64 {
    u64::try_from(program.len()).unwrap_or(u64::MAX)
}

/// A file, or the files of a folder with its folders.
fn files(path: &Path, to: &str) -> Result<Vec<Member>, CommandError> {
    if !path.is_dir() {
        return Ok(vec![Member::plain(to, read(path)?)]);
    }
    let entries = fs::read_dir(path).map_err(|fault| unreadable(path, &fault))?;
    let mut members = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|fault| unreadable(path, &fault))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        members.extend(files(&entry.path(), &format!("{to}/{name}"))?);
    }
    Ok(members)
}

/// Two commands that write into one folder would mix their packages.
fn lock(out: &Path) -> Result<File, CommandError> {
    fs::create_dir_all(out).map_err(|fault| unwritable(out, &fault))?;
    let file = File::create(out.join(".lock")).map_err(|fault| unwritable(out, &fault))?;
    file.try_lock().map_err(|_| {
        let text =
            "another koohook package writes into this folder; wait for it, or name another --out";
        CommandError::from(format!("{}: {text}", out.display()))
    })?;
    Ok(file)
}

/// A program for Linux.
fn program(path: &Path) -> Result<Vec<u8>, CommandError> {
    let bytes = read(path)?;
    let problem = if !bytes.starts_with(b"\x7fELF") {
        "is not a program for Linux; build it again"
    } else if bytes.get(MACHINE) != Some(&X86_64) {
        "is a program for another processor; build it for x86_64"
    } else {
        return Ok(bytes);
    };
    Err(format!("{}: {problem}", path.display()).into())
}

/// Where the header of a program names its processor, and the name of x86_64 (`e_machine` in the System V
/// ABI).
const MACHINE: Range<usize> = 18..20;
const X86_64: [u8; 2] = [0x3e, 0];

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    let kind = fs::metadata(path).map_err(|fault| unreadable(path, &fault))?;
    // A pipe would be waited for without end.
    if !kind.is_file() {
        return Err(
            format!("{}: is not a file; remove it, or build it again", path.display()).into()
        );
    }
    fs::read(path).map_err(|fault| unreadable(path, &fault))
}

fn unreadable(path: &Path, fault: &std::io::Error) -> CommandError {
    let advice = "leave out --from to build it, or name the folder that has it";
    format!("{}: cannot be read ({fault}); {advice}", path.display()).into()
}

fn unwritable(path: &Path, fault: &std::io::Error) -> CommandError {
    format!("{}: cannot be written ({fault}); name another folder with --out", path.display())
        .into()
}
