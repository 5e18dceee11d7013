//! The files in each package that say what its program consists of.

use std::path::Path;

use super::archive::Member;
use super::build::TRIPLE;
use super::components::Components;
use super::sbom::Program;
use super::target::PackageTarget;
use super::{licences, native, sbom};
use crate::error::CommandError;

/// What is in the programs of a target.
pub struct Contents<'a> {
    builds: Vec<BuildContents>,
    commit: Option<&'a str>,
}

/// What is in the programs of one build.
struct BuildContents {
    build: Vec<String>,
    components: Components,
    licences: Vec<u8>,
}

impl<'a> Contents<'a> {
    /// Asks cargo what it links into each program.
    ///
    /// # Errors
    /// If cargo fails, or a licence file cannot be read.
    pub fn read(
        root: &Path,
        target: PackageTarget,
        commit: Option<&'a str>,
    ) -> Result<Self, CommandError> {
        let read = |build: Vec<String>| {
            let (mut components, crates) = Components::read(root, &build, TRIPLE)?;
            native::add(&mut components.0, &crates)?;
            let licences = licences::document(&root.join("LICENSE"), &components)?;
            Ok(BuildContents { build, components, licences })
        };
        let builds = target.builds().into_iter().map(read).collect::<Result<_, CommandError>>()?;
        Ok(Self { builds, commit })
    }

    /// The two files for the package of one program.
    ///
    /// # Errors
    /// If no build makes the program, or a file cannot be written as JSON.
    pub fn of(&self, name: &str, bytes: &[u8]) -> Result<[Member; 2], CommandError> {
        let option = format!("--bin={name}");
        let makes =
            |one: &&BuildContents| one.build.iter().any(|word| *word == name || *word == option);
        let made = self.builds.iter().find(makes);
        let made = made.ok_or_else(|| format!("no build makes the program {name}"))?;
        let program = Program { name, bytes, commit: self.commit };
        let bill = sbom::document(&program, &made.components)?;
        Ok([Member::plain(BILL, bill), Member::plain(LICENCES, made.licences.clone())])
    }
}

/// The bill of materials in a package.
pub const BILL: &str = "sbom.cdx.json";
/// The licences in a package.
pub const LICENCES: &str = "LICENSES.txt";
