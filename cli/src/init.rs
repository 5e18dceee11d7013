//! `koohook init`: asks what is to run where, makes the secrets, and writes the settings.
//!
//! - `answers`: what the operator wants, from options and questions. `machine`, `functiongraph`: the
//!   files of each platform.

mod answers;
mod files;
mod functiongraph;
mod machine;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use self::answers::Answers;
use self::files::NewFiles;
use crate::error::CommandError;
use crate::output::{errln, outln};

/// Arguments of `koohook init`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook init
  koohook init --platform machine --folder /etc/koohook --product-url https://app.example.com/hooks
  koohook init --platform functiongraph --contracts v2,kit --base-key-file base.key --kit-key-file kit.key

On a terminal the command asks for what no option says. Elsewhere it takes the defaults, and requires
--product-url or --app-info. The access keys come from the seller's console (应用工具 > 密钥管理). It
generates all other secrets. With the contract usage it also writes the billing cycle.

machine: FOLDER/koohook.env without secrets, and one file for each secret in FOLDER/secrets. The systemd unit
hands both to koohook (docs/deploy/machine.md).
functiongraph: FOLDER/koohook.auto.tfvars.json, which Terraform reads by itself.

Only the owner can read the files. An existing file is never overwritten. Keep a copy of the seal key in
another place: without it the stored values are lost.")]
pub struct InitArguments {
    /// Where koohook will run.
    #[arg(long, value_enum)]
    platform: Option<InitPlatform>,
    /// What the marketplace calls, separated by commas [default: v2].
    #[arg(long, value_enum, value_delimiter = ',')]
    contracts: Vec<Contract>,
    /// The store of a machine, written like KOOHOOK_STORE [default: sqlite:/var/lib/koohook/koohook.db].
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// The product's address for notices (KOOHOOK_PRODUCT_URL).
    #[arg(long, value_name = "URL", conflicts_with = "app_info")]
    product_url: Option<String>,
    /// The template of the access data, without a product (KOOHOOK_APP_INFO).
    #[arg(long, value_name = "JSON")]
    app_info: Option<String>,
    /// A file with the access key of the base interfaces.
    #[arg(long, value_name = "FILE")]
    base_key_file: Option<PathBuf>,
    /// A file with the access key of the kit.
    #[arg(long, value_name = "FILE")]
    kit_key_file: Option<PathBuf>,
    /// The folder for the files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// Where koohook will run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum InitPlatform {
    /// A machine with systemd.
    Machine,
    /// Huawei `FunctionGraph`, with Terraform.
    Functiongraph,
}

impl InitPlatform {
    /// What keeps the capitals of `Body-Sign`.
    const fn body_sign(self) -> &'static str {
        match self {
            Self::Machine => "the proxy must not offer HTTP/2",
            Self::Functiongraph => "check it at the gateway with the first call",
        }
    }
}

/// What the marketplace calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Contract {
    /// The base interface, version 1.
    V1,
    /// The base interface, version 2.0.
    V2,
    /// The joint-operations kit (联营).
    Kit,
    /// Pay-per-use listings: koohook sends usage (话单).
    Usage,
}

/// Asks, generates, and writes.
pub fn run(arguments: &InitArguments) -> Result<ExitCode, CommandError> {
    let answers = Answers::ask(arguments)?;
    answers.check()?;
    let files = match answers.platform {
        InitPlatform::Machine => machine::files(&answers)?,
        InitPlatform::Functiongraph => functiongraph::files(&answers)?,
    };
    let NewFiles { files, missing, next } = files;
    files::write(&arguments.folder, &files)?;
    for (name, _) in &files {
        outln!("{}", arguments.folder.join(name).display());
    }
    missing
        .iter()
        .for_each(|text| errln!("koohook: still missing: {text}; koohook does not start before"));
    errln!(
        "koohook: keep a copy of the seal key in another place; without it the stored values are lost"
    );
    if answers.has(Contract::V1) {
        errln!(
            "koohook: V1 needs the header Body-Sign with its capitals; {}",
            answers.platform.body_sign()
        );
    }
    errln!("koohook: next:");
    next.iter().for_each(|command| errln!("  {command}"));
    Ok(ExitCode::SUCCESS)
}
