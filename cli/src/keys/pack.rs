//! `koohook keys pack`: seals the kit's private keys into a file for the package of a function.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use functions::application_sync::secret::PrivateKeys;
use shell::config::variable;
use shell::seal::{Clear, RSA_KEY_PLACE, Seal, SealKey, is_sealed_text};

use crate::error::CommandError;
use crate::options::given_or_in_file;
use crate::output::{errln, outln};
use crate::{input, secret_file};

/// Arguments of `koohook keys pack`.
#[derive(Args)]
#[command(after_help = "Examples:
  KOOHOOK_SEAL_KEY_FILE=seal.key koohook keys pack application.pem
  koohook package --target functiongraph --rsa-key rsa-private-key.sealed

The file is encrypted with KOOHOOK_SEAL_KEY. It may lie in a package: application-sync decrypts it with its
own KOOHOOK_SEAL_KEY, or with a key in KOOHOOK_SEAL_KEY_PREVIOUS. Set KOOHOOK_RSA_PRIVATE_KEY_FILE of the
function to the file. After a change of the seal key, pack the keys again. An existing file is never
overwritten.")]
pub struct PackArguments {
    /// A PEM file (PKCS#8 or PKCS#1) with one key or several [default: KOOHOOK_RSA_PRIVATE_KEY].
    file: Option<PathBuf>,
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = "rsa-private-key.sealed")]
    out: PathBuf,
}

/// Seals the keys.
pub fn run(arguments: &PackArguments) -> Result<ExitCode, CommandError> {
    let keys = private_keys(arguments)?;
    if is_sealed_text(&keys) {
        return Err(
            "the keys are sealed already; name the PEM file that koohook keys new wrote".into()
        );
    }
    let parsed = PrivateKeys::parse(&keys).map_err(|error| format!("the private keys: {error}"))?;
    let count = parsed.as_slice().len();
    let key = setting(SEAL_KEY)?.ok_or(NO_KEY)?;
    let key = SealKey::parse(key.trim()).map_err(|error| format!("{SEAL_KEY} {error}"))?;
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce)?;
    let seal = Seal::new(Some(&key), None, Clear::Refused);
    let sealed = seal.seal_text(RSA_KEY_PLACE, &keys, nonce);
    let sealed = sealed.map_err(|_| "the keys are too long to be sealed")?;
    secret_file::write(&arguments.out, &sealed)?;
    outln!("{}", arguments.out.display());
    errln!(
        "koohook: sealed {count} private keys; set KOOHOOK_RSA_PRIVATE_KEY_FILE of application-sync to"
    );
    errln!("the file in its package: /opt/function/code/rsa-private-key.sealed on FunctionGraph,");
    errln!("/var/task/rsa-private-key.sealed on AWS Lambda; on Vercel the package sets it");
    Ok(ExitCode::SUCCESS)
}

fn private_keys(arguments: &PackArguments) -> Result<String, CommandError> {
    if let Some(file) = &arguments.file {
        return input::read_text(file);
    }
    setting("KOOHOOK_RSA_PRIVATE_KEY")?
        .ok_or_else(|| "KOOHOOK_RSA_PRIVATE_KEY is not set; set it, or name the PEM file".into())
}

/// A setting's text, from the environment or from its file.
fn setting(name: &'static str) -> Result<Option<String>, CommandError> {
    given_or_in_file(variable(name).as_deref(), name)
}

const SEAL_KEY: &str = "KOOHOOK_SEAL_KEY";
const NO_KEY: &str = "KOOHOOK_SEAL_KEY is not set; set it to the key of the store, or make one with \
                      koohook keys secret seal";
