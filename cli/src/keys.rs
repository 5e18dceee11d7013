//! `koohook keys`: generates the kit's key pair and other secrets, prints public keys, and checks the
//! keys of an installation.

mod check;
mod pack;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use functions::application_sync::secret::{Oaep, PrivateKey, PrivateKeys, Size};

use self::check::KeysCheckArguments;
use self::pack::PackArguments;
use crate::error::CommandError;
use crate::output::{self, errln};
use crate::{generated, input, secret_file};

/// Arguments of `koohook keys`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook keys new --out application.pem
  koohook keys public application.pem
  koohook keys secret seal
  koohook keys check
  koohook keys pack application.pem
  koohook keys seal application.pem made-up-client-secret")]
pub struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Generate an RSA key pair: the private key for koohook, the public key for the marketplace.
    New(NewKeyArguments),
    /// Print the public key of each private key in a file, in the form for the seller's console.
    Public(PublicKeyArguments),
    /// Generate a secret of 32 random bytes and print it in the form of its setting.
    Secret(SecretArguments),
    /// Judge every key in the settings: missing, weak, equal, old, or a rotation that is not finished.
    Check(KeysCheckArguments),
    /// Seal the kit's private keys into a file that may lie in a function's package.
    Pack(PackArguments),
    /// Encrypt a text as the marketplace does: with the public key that belongs to a private key.
    Seal(SealArguments),
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook keys new --out application.pem
  KOOHOOK_RSA_PRIVATE_KEY_FILE=application.pem
  koohook keys new --bits 4096 --out application-2.pem

The marketplace accepts keys of 3072 bits or more. KOOHOOK_RSA_PRIVATE_KEY may contain the keys of
several application credentials, one after the other.

With --out the standard output gets the public key; without it, the private key. Everything else goes
to the standard error. Only the owner can read the file. An existing file is never overwritten.")]
struct NewKeyArguments {
    /// The size of the key in bits.
    #[arg(long, default_value = "3072", value_parser = ["3072", "4096"])]
    bits: String,
    /// The file for the private key [default: the standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook keys public application.pem

The standard output gets one line for each key, in the order of the file.")]
struct PublicKeyArguments {
    /// A PEM file (PKCS#8 or PKCS#1) with one key or several.
    file: PathBuf,
}

#[derive(Args)]
#[command(after_help = "Examples:
  koohook keys seal application.pem made-up-client-secret

The output is one line of base64. It is a value for clientSecret of applicationSync.")]
struct SealArguments {
    /// A PEM file (PKCS#8 or PKCS#1). The first key in it is used.
    file: PathBuf,
    /// The text to encrypt.
    text: String,
}

#[derive(Args)]
#[command(after_help = "Examples:
  KOOHOOK_PRODUCT_SECRET=$(koohook keys secret product)
  KOOHOOK_SEAL_KEY=$(koohook keys secret seal)

Store the printed secret safely. If a seal key is lost, the values that it sealed cannot be read.")]
struct SecretArguments {
    /// The setting that the secret is for.
    #[arg(value_enum)]
    purpose: SecretPurpose,
}

/// The purpose of a secret.
#[derive(Clone, Copy, clap::ValueEnum)]
enum SecretPurpose {
    /// KOOHOOK_PRODUCT_SECRET: koohook and the product sign their calls with it.
    Product,
    /// KOOHOOK_SEAL_KEY: koohook encrypts every stored value with it.
    Seal,
    /// KOOHOOK_RELAY_SECRET: an HTTP timer starts the relay with it.
    Relay,
    /// KOOHOOK_METRICS_SECRET: Prometheus fetches the metrics with it.
    Metrics,
}

/// The output of a command.
struct KeysOutput {
    /// Whole lines for the standard output, so that a file or a pipe gets them.
    data: String,
    /// For the standard error: what to do with the data.
    aside: String,
}

impl KeysCommand {
    /// Whether the printed secret exists only in the output.
    const fn prints_a_new_secret(&self) -> bool {
        matches!(self, Self::New(NewKeyArguments { out: None, .. }) | Self::Secret(_))
    }
}

impl KeysOutput {
    const fn of_data(data: String) -> Self {
        Self { data, aside: String::new() }
    }
}

/// Generates a key or a secret, prints public keys, checks the keys, or encrypts a text.
pub fn run(arguments: &KeysArguments) -> Result<ExitCode, CommandError> {
    let printed = match &arguments.command {
        KeysCommand::New(arguments) => new(arguments)?,
        KeysCommand::Public(arguments) => public(&arguments.file)?,
        KeysCommand::Secret(arguments) => KeysOutput::of_data(secret(arguments.purpose)?),
        KeysCommand::Check(arguments) => return Ok(check::run(arguments)),
        KeysCommand::Pack(arguments) => return pack::run(arguments),
        KeysCommand::Seal(arguments) => KeysOutput::of_data(seal(arguments)?),
    };
    if !printed.aside.is_empty() {
        errln!("{}", printed.aside);
    }
    output::print(format_args!("{}", printed.data));
    if output::is_closed() && arguments.command.prints_a_new_secret() {
        return Err("the pipe was closed, so the secret is lost; run this command again".into());
    }
    Ok(ExitCode::SUCCESS)
}

fn secret(purpose: SecretPurpose) -> Result<String, CommandError> {
    let bytes = generated::seal_key()?;
    Ok(match purpose {
        SecretPurpose::Product => format!("whsec_{bytes}\n"),
        SecretPurpose::Seal | SecretPurpose::Relay | SecretPurpose::Metrics => format!("{bytes}\n"),
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
                format!("Private key, only for koohook: KOOHOOK_RSA_PRIVATE_KEY_FILE={path}");
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
    let key = keys
        .as_slice()
        .first()
        .ok_or("the file has no private key; koohook keys new generates one")?;
    Ok(format!("{}\n", key.seal(Oaep::Sha256Mgf1Sha1, &arguments.text)?))
}

fn read(path: &Path) -> Result<PrivateKeys, CommandError> {
    let pem = input::read_text(path)?;
    Ok(PrivateKeys::parse(&pem).map_err(|fault| format!("{}: {fault}", path.display()))?)
}

const PASTE: &str = "\
Public key, for the application credential and for applicationSync on the debugging page. Paste the
whole line:";

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_new_key_file_contains_the_printed_key() {
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
