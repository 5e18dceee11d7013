//! `koohook store backup`: copies every value of a store into one file.
//!
//! - `part_file`: writes the file, and continues an interrupted one.

mod part_file;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::outbox::Reader;
use shell::backup::{BackupHeader, CopiedPage, FORMAT, copy_page};
use shell::config::StoreConfig;
use shell::failure::Failure;
use shell::host::{self, open_to_read};
use shell::store::{Scan, ScanPage, ScanPlace, StoreSetting};
use shell::world::World;
use tokio::runtime::Runtime;

use self::part_file::PartFile;
use super::pace::CopyPace;
use super::{STORE, setting_of};
use crate::error::CommandError;
use crate::output::{errln, outln};
use crate::session::Session;

/// Arguments of `koohook store backup`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook store backup koohook-monday.backup --store sqlite:/var/lib/koohook/koohook.db
  KOOHOOK_SEAL_KEY_FILE=seal.key koohook store backup koohook-monday.backup --seal
  koohook store backup - | ssh HOST 'umask 77; cat > koohook-monday.backup'

The command reads the store and writes nothing to it. koohook may serve meanwhile: the file has every
change from before the command began, and some from after it. Only the user of this command can read
the file. An existing file is never overwritten.

Values are copied as they are stored: sealed ones stay sealed with their key. A restore needs that key
in KOOHOOK_SEAL_KEY or KOOHOOK_SEAL_KEY_PREVIOUS. Keep it somewhere else than the file. If the store
is not sealed, --seal seals the copy with KOOHOOK_SEAL_KEY.

An interrupted backup leaves FILE.part. --resume continues it. The exit code is 1 if koohook cannot use
a value; the file contains it anyway.")]
pub struct BackupArguments {
    /// The file to write; - for the standard output.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The store, written like KOOHOOK_STORE [default: the text in the file of KOOHOOK_STORE_FILE].
    #[arg(long, env = STORE, hide_env_values = true, value_name = "STORE")]
    pub store: Option<String>,
    /// Seal the values that are unencrypted in the store.
    #[arg(long)]
    seal: bool,
    /// Continue the interrupted backup FILE.part.
    #[arg(long)]
    resume: bool,
}

/// Copies every value of the store.
pub fn run(
    store: &str,
    arguments: &BackupArguments,
    runtime: Runtime,
) -> Result<ExitCode, CommandError> {
    let config = StoreConfig::read(&|name| setting_of(store, name))?;
    config.store.must_exist()?;
    if arguments.seal && !config.seal.seals() {
        return Err(NO_KEY.into());
    }
    if !config.store.is_local() {
        host::start_log_aside(&config.log);
    }
    let kind = kind(&config.store)?;
    let open = async |config: &StoreConfig| Ok(open_to_read(config).await?);
    let session = Session::open_on(runtime, config, open)?;
    let header = header(&session, kind, store, arguments.seal);
    let (mut file, place) = if arguments.resume {
        PartFile::resume(&arguments.file, header)?
    } else {
        (PartFile::create(&arguments.file, header)?, None)
    };
    let unusable = copy(&session, &mut file, place, arguments.seal)?;
    let (values, unencrypted) = (file.values(), file.unencrypted());
    file.finish()?;
    let is_output = arguments.file.as_os_str() == "-";
    let told = format!("{values} values copied");
    if is_output {
        errln!("{told}")
    } else {
        outln!("{told} to {}", arguments.file.display())
    }
    warn(unencrypted);
    Ok(if unusable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The kind of a store. A memory store has no values that another process can read.
pub(super) fn kind(store: &StoreSetting) -> Result<&'static str, CommandError> {
    match store {
        StoreSetting::Memory => {
            Err("a memory: store ends with its process; name the store that koohook uses".into())
        }
        StoreSetting::Sqlite { .. } => Ok("sqlite"),
        StoreSetting::Redis(_) => Ok("redis"),
        StoreSetting::Dynamodb(_) => Ok("dynamodb"),
    }
}

fn header(session: &Session, kind: &str, store: &str, sealed: bool) -> BackupHeader {
    let at = session.world.now();
    // The address may contain a user and a password.
    let place = store.rsplit_once('@').map_or(store, |(_, place)| place);
    BackupHeader {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        id: hex::encode(session.world.random::<16>()),
        at,
        time: at.to_rfc3339(),
        store: kind.to_owned(),
        source: hex::encode(protocol::digest::of::<8>(&["backup", kind, place])),
        sealed,
    }
}

/// Copies page after page. Returns how many values koohook cannot use.
fn copy(
    session: &Session,
    file: &mut PartFile,
    mut after: Option<ScanPlace>,
    seals: bool,
) -> Result<u64, CommandError> {
    let mut pace = CopyPace::new("copied", None);
    let mut unusable = 0;
    loop {
        let page = page(session, after.as_ref()).map_err(|failure| session.advised(failure))?;
        // The scan of a Redis may return a value twice.
        let new = page.values.into_iter().filter(|value| !file.contains(&value.key)).collect();
        let repository = session.repository(Reader::Product);
        let copied = session.runtime.block_on(copy_page(&repository, new, seals));
        let copied = copied.map_err(|failure| session.advised(failure))?;
        pace.add(copied.values.len());
        unusable += report(session, &copied);
        copied.values.into_iter().try_for_each(|value| file.add(value))?;
        let Some(next) = page.next else { return Ok(unusable) };
        file.note(&next)?;
        after = Some(next);
    }
}

fn page(session: &Session, after: Option<&ScanPlace>) -> Result<ScanPage, Failure> {
    let scan = session.world.within(BUDGET, session.world.store().scan(after, PAGE));
    Ok(session.runtime.block_on(scan).ok_or(Failure::OutOfTime)??)
}

fn report(session: &Session, copied: &CopiedPage) -> u64 {
    for (key, failure) in &copied.unusable {
        errln!("koohook: {}: {}", key, session.advised(*failure));
    }
    u64::try_from(copied.unusable.len()).unwrap_or_default()
}

/// Warns of a file that its reader need not decrypt.
fn warn(unencrypted: u64) {
    if unencrypted > 0 {
        errln!(
            "koohook: WARNING: {unencrypted} values in this file are NOT ENCRYPTED: it contains buyers' \
             credentials and personal data in clear; keep it as safe as the store, or delete it and run \
             the command again with KOOHOOK_SEAL_KEY and --seal"
        );
    }
}

const NO_KEY: &str =
    "--seal needs KOOHOOK_SEAL_KEY; set it, or generate one with koohook keys secret seal";
/// How many values are read at once. With the longest values they need 20 MiB.
const PAGE: usize = 100;
/// How long one page may take.
const BUDGET: Duration = Duration::from_secs(30);
