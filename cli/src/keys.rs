//! `koohook keys`: the key pair whose public half goes into the seller's console, and the secrets
//! that only the seller has.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use functions::application_sync::secret::{Oaep, PrivateKey, PrivateKeys, Size};

use crate::error::CommandError;
use crate::output::{self, errln};
use crate::{input, made_up, secret_file};

/// Arguments of `koohook keys`.
#[derive(Args)]
pub struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make an RSA key pair: the private key for koohook, the public one for the marketplace.
    New(NewKeyArguments),
    /// Print the public half of each private key in a file, as the seller's console wants it.
    Public(PublicKeyArguments),
    /// Print a fresh secret: 32 random bytes, in the form that its setting wants.
    Secret(SecretArguments),
    /// Seal a text with the public half of a private key, as the marketplace does.
    Seal(SealArguments),
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook keys new --out application.pem
  KOOHOOK_RSA_PRIVATE_KEY_FILE=application.pem
  koohook keys new --bits 4096 --out application-2.pem

With several application credentials, KOOHOOK_RSA_PRIVATE_KEY takes their keys one after the other.
With --out the public key goes to the standard output, without it the private one; all else goes to
the standard error. The file is readable by its owner alone, and one that exists is never written over.")]
struct NewKeyArguments {
    /// The size of the key. The marketplace takes no smaller one.
    #[arg(long, default_value = "3072", value_parser = ["3072", "4096"])]
    bits: String,
    /// Where the private key goes; without it, to the standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook keys public application.pem

One line a key, in the order of the file, and nothing else on the standard output.")]
struct PublicKeyArguments {
    /// PEM of PKCS#8 or PKCS#1, one key or several.
    file: PathBuf,
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook keys seal application.pem made-up-client-secret

One line of base64, for applicationSync's clientSecret.")]
struct SealArguments {
    /// PEM of PKCS#8 or PKCS#1; of several keys the first is taken.
    file: PathBuf,
    /// What is to be sealed.
    text: String,
}

#[derive(Args)]
#[command(after_help = "Examples:
  KOOHOOK_PRODUCT_SECRET=$(koohook keys secret product)
  KOOHOOK_SEAL_KEY=$(koohook keys secret seal)

Keep what it prints: what a lost seal key sealed does not open again.")]
struct SecretArguments {
    /// What it is for.
    #[arg(value_enum)]
    purpose: SecretPurpose,
}

/// What a secret is for.
#[derive(Clone, Copy, clap::ValueEnum)]
enum SecretPurpose {
    /// KOOHOOK_PRODUCT_SECRET: signs to the product, and from it.
    Product,
    /// KOOHOOK_SEAL_KEY: seals every stored value.
    Seal,
    /// KOOHOOK_RELAY_SECRET: lets an HTTP timer start the relay.
    Relay,
}

/// What a command prints.
struct KeysOutput {
    /// To the standard output, for a file or a pipe: whole lines.
    data: String,
    /// To the standard error: what to do with it.
    aside: String,
}

impl KeysCommand {
    /// Whether what is printed exists nowhere else.
    const fn makes_what_it_prints(&self) -> bool {
        matches!(self, Self::New(NewKeyArguments { out: None, .. }) | Self::Secret(_))
    }
}

impl KeysOutput {
    const fn alone(data: String) -> Self {
        Self { data, aside: String::new() }
    }
}

/// Makes a key pair, or shows the public half of one.
pub fn run(arguments: &KeysArguments) -> Result<ExitCode, CommandError> {
    let printed = match &arguments.command {
        KeysCommand::New(arguments) => new(arguments)?,
        KeysCommand::Public(arguments) => public(&arguments.file)?,
        KeysCommand::Secret(arguments) => KeysOutput::alone(secret(arguments.purpose)?),
        KeysCommand::Seal(arguments) => KeysOutput::alone(seal(arguments)?),
    };
    if !printed.aside.is_empty() {
        errln!("{}", printed.aside);
    }
    output::print(format_args!("{}", printed.data));
    if output::is_closed() && arguments.command.makes_what_it_prints() {
        return Err("the reader went away, and the secret with it: run this again".into());
    }
    Ok(ExitCode::SUCCESS)
}

fn secret(purpose: SecretPurpose) -> Result<String, CommandError> {
    let bytes = made_up::seal_key()?;
    Ok(match purpose {
        SecretPurpose::Product => format!("whsec_{bytes}\n"),
        SecretPurpose::Seal | SecretPurpose::Relay => format!("{bytes}\n"),
    })
}

fn new(arguments: &NewKeyArguments) -> Result<KeysOutput, CommandError> {
    let size = match arguments.bits.as_str() {
        "4096" => Size::Bits4096,
        _ => Size::Bits3072,
    };
    if let Some(path) = arguments.out.as_deref().filter(|path| path.exists()) {
        return Err(secret_file::exists(path));
    }
    let key = PrivateKey::generate(size)?;
    let (pem, public) = (key.to_pem()?, key.public_text()?);
    match &arguments.out {
        Some(path) => {
            secret_file::write(path, &pem)?;
            let path = path.display();
            let private =
                format!("Private key, for koohook alone: KOOHOOK_RSA_PRIVATE_KEY_FILE={path}");
            Ok(KeysOutput { data: format!("{public}\n"), aside: format!("{private}\n{PASTE}") })
        }
        None => Ok(KeysOutput { data: pem, aside: format!("{PASTE}\n{public}") }),
    }
}

fn public(path: &Path) -> Result<KeysOutput, CommandError> {
    let mut data = String::new();
    for key in read(path)?.as_slice() {
        data += &format!("{}\n", key.public_text()?);
    }
    Ok(KeysOutput { data, aside: PASTE.to_owned() })
}

fn seal(arguments: &SealArguments) -> Result<String, CommandError> {
    let keys = read(&arguments.file)?;
    let key = keys.as_slice().first().ok_or("no key")?;
    Ok(format!("{}\n", key.seal(Oaep::Sha256Mgf1Sha1, &arguments.text)?))
}

fn read(path: &Path) -> Result<PrivateKeys, CommandError> {
    let pem = input::read_text(path)?;
    Ok(PrivateKeys::parse(&pem).map_err(|fault| format!("{}: {fault}", path.display()))?)
}

const PASTE: &str = "\
Public key, for the application credential and for applicationSync on the debugging page; paste
the whole line as it is:";

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_new_key_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("made-up.pem");
        let arguments = NewKeyArguments { bits: "3072".to_owned(), out: Some(out.clone()) };
        let lines = new(&arguments).unwrap();
        let pem = fs::read_to_string(&out).unwrap();
        let keys = PrivateKeys::parse(&pem).unwrap();
        assert_eq!(keys.as_slice()[0].bits(), 3072);
        let shown = keys.as_slice()[0].public_text().unwrap();
        assert_eq!(lines.data, format!("{shown}\n"));
        assert_eq!(public(&out).unwrap().data, lines.data);
        assert!(new(&arguments).is_err());
        assert_eq!(fs::read_to_string(&out).unwrap(), pem);
        let sealed = |length| seal(&SealArguments { file: out.clone(), text: "x".repeat(length) });
        assert!(sealed(384 - 66).is_ok());
        let fault = sealed(384 - 65).unwrap_err().to_string();
        assert!(fault.starts_with("text has 319 bytes, but this key encrypts at most 318"));
    }
}
