//! The files of an operator for the packages of functions. No secret may be in clear text in a package.

use std::collections::BTreeSet;
use std::path::Path;

use functions::application_sync::secret::PrivateKey;
use shell::seal::is_sealed_text;

use super::PackageArguments;
use super::archive::Member;
use super::contents;
use super::target::{self, PackagedFunction};
use crate::error::CommandError;
use crate::input;

/// What the packages have beside their programs.
pub struct Extra {
    rsa_key: Option<Member>,
    included: Vec<Member>,
}

impl Extra {
    /// Reads the files.
    ///
    /// # Errors
    /// If one cannot be read, or may not be in a package.
    pub fn read(arguments: &PackageArguments) -> Result<Self, CommandError> {
        let rsa_key = arguments.rsa_key.as_deref().map(sealed_keys).transpose()?;
        let rsa_key = rsa_key.map(|keys| Member::plain(target::SEALED_KEYS, keys));
        let own = [target::SEALED_KEYS, "bootstrap", contents::BILL, contents::LICENCES];
        let vercels = [target::VERCEL_PROGRAM, target::VERCEL_SETTINGS];
        let mut names: BTreeSet<_> = own.into_iter().chain(vercels).map(str::to_owned).collect();
        let mut included = Vec::new();
        for path in &arguments.include {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.filter(|name| names.insert(name.clone())).ok_or_else(|| {
                format!("{}: another file in the package has this name; rename it", path.display())
            })?;
            included.push(Member::plain(&name, public(path, &name)?));
        }
        Ok(Self { rsa_key, included })
    }

    /// Whether the kit's private keys are among the files.
    pub const fn has_rsa_key(&self) -> bool {
        self.rsa_key.is_some()
    }

    /// The files for one function.
    pub fn of(&self, function: &PackagedFunction) -> Vec<Member> {
        let has_key = function.name == target::HOLDS_RSA_KEY;
        let key = self.rsa_key.iter().filter(|_| has_key);
        key.chain(&self.included).cloned().collect()
    }
}

/// A file without secrets, as far as its name and its text show.
fn public(path: &Path, name: &str) -> Result<Vec<u8>, CommandError> {
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let told = |what: &str| Err(format!("{}: {what}", path.display()).into());
    if text.contains("PRIVATE KEY") || is_private_key(&bytes) {
        return told(
            "has a private key in clear text; run koohook keys pack, and name its file with --rsa-key",
        );
    }
    let is_environment = name.split('.').any(|part| part == "env");
    let is_named = SECRET_NAMES.iter().any(|ending| name.ends_with(ending));
    if is_environment || is_named || text.contains("whsec_") {
        return told("has secrets; give them to the function as its settings");
    }
    drop(text);
    Ok(bytes)
}

/// Whether the bytes are a private key without PEM's letters.
fn is_private_key(der: &[u8]) -> bool {
    let read = PrivateKey::from_pkcs8(der).or_else(|| PrivateKey::from_pkcs1(der));
    read.is_some() || PrivateKey::is_of_another_kind(der)
}

/// Reads a file. A pipe would be waited for without end, and a device has no end.
fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    let is_special = path.metadata().is_ok_and(|kind| !kind.is_file() && !kind.is_dir());
    if is_special {
        return Err(format!("{}: is not a file; name a file", path.display()).into());
    }
    input::read(path)
}

/// The kit's private keys, sealed.
fn sealed_keys(path: &Path) -> Result<Vec<u8>, CommandError> {
    let text = read(path)?;
    if is_sealed_text(&String::from_utf8_lossy(&text)) {
        return Ok(text);
    }
    Err(format!("{}: is not sealed; run koohook keys pack, and name its file", path.display())
        .into())
}

/// How the names of files end that have secrets. An environment file has `env` anywhere in its name.
const SECRET_NAMES: [&str; 6] =
    [".tfvars.json", ".tfvars", ".tfstate", ".key", "samconfig.toml", "keys.json"];
