//! `koohook store reseal`: encrypts every stored value with the current seal key, so that the previous
//! keys can be removed.

mod pass;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::outbox::Reader;
use shell::config::StoreConfig;
use shell::failure::Failure;
use shell::host::{self, open_to_read, open_to_write};
use shell::world::World;
use tokio::runtime::Runtime;

use self::pass::ResealPass;
use self::report::{ResealEnd, ResealReport};
use super::{STORE, setting_of};
use crate::error::CommandError;
use crate::local_time::{parse_span, span_text};
use crate::output::errln;
use crate::output_format::FormatArgument;
use crate::session::Session;

/// Arguments of `koohook store reseal`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook store reseal --dry-run
  koohook store reseal sqlite:/var/lib/koohook/koohook.db
  KOOHOOK_SEAL_KEY_FILE=new.key KOOHOOK_SEAL_KEY_PREVIOUS_FILE=old.key \\
  koohook store reseal 'dynamodb://koohook?region=eu-west-1'

Before you run it, every koohook that uses the store must have the new key in KOOHOOK_SEAL_KEY and the
old one in KOOHOOK_SEAL_KEY_PREVIOUS (docs/keys.md). Set the same keys for this command.

The command reads every value. A value that another key sealed is written again with KOOHOOK_SEAL_KEY;
nothing else of it changes. Then it reads all values once more, until a whole pass finds none, and seals
the mark of the store. A koohook that has only the old key finds the mark within a minute, and stops. So
the command waits, and reads all values a last time. koohook may serve meanwhile. If the command is
interrupted, run it again.

The last line says whether KOOHOOK_SEAL_KEY_PREVIOUS may be unset. With --dry-run nothing is written, and
the output says how many values each key sealed. The exit code is 1 if a value still needs a previous
key, if a value cannot be decrypted, or if the store does not answer.")]
pub struct ResealArguments {
    /// The store, written like KOOHOOK_STORE [default: the text in the file of KOOHOOK_STORE_FILE].
    #[arg(env = STORE, hide_env_values = true, value_name = "STORE")]
    pub store: Option<String>,
    /// Write nothing; count the values that each key sealed.
    #[arg(long)]
    dry_run: bool,
    /// How long to wait before the last pass. Shorten it only if no koohook can have the old key alone.
    #[arg(long, value_name = "SPAN", default_value = "75s", value_parser = parse_span)]
    wait: Duration,
    #[command(flatten)]
    format: FormatArgument,
}

/// Seals every value of the store, or counts what sealed them.
pub fn run(
    arguments: &ResealArguments,
    store: &str,
    runtime: Runtime,
) -> Result<ExitCode, CommandError> {
    let config = StoreConfig::read(&|name| setting_of(store, name))?;
    config.store.must_exist()?;
    if !config.seal.seals() {
        return Err(NO_KEY.into());
    }
    if !config.store.is_local() {
        host::start_log_aside(&config.log);
    }
    let previous_keys = config.seal.previous_keys();
    let session = if arguments.dry_run {
        let open = async |config: &StoreConfig| Ok(open_to_read(config).await?);
        Session::open_on(runtime, config, open)?
    } else {
        let open = async |config: &StoreConfig| Ok(open_to_write(config).await?);
        Session::open_on(runtime, config, open)?
    };
    let mut report = ResealReport::new(arguments.format, previous_keys, arguments.dry_run);
    let done = if arguments.dry_run {
        count(&session, &mut report)
    } else {
        reseal(&session, &mut report, arguments.wait)
    };
    report.print(done.as_ref().ok().copied());
    done.map(ResealEnd::exit_code)
}

/// One pass that writes nothing.
fn count(session: &Session, report: &mut ResealReport) -> Result<ResealEnd, CommandError> {
    let mut pass = ResealPass::new(report.previous_keys, false);
    pass.scan(session)?;
    report.checked = Some(pass);
    let mark = session.repository(Reader::Product);
    let mark = session.runtime.block_on(mark.mark_sealed_by());
    report.mark = mark.map_err(|failure| session.advised(failure))?;
    Ok(report.end_of_count())
}

/// Seals every value and then the mark. Processes that have only an older key then stop; what they
/// wrote until then is found by one more pass.
fn reseal(
    session: &Session,
    report: &mut ResealReport,
    wait: Duration,
) -> Result<ResealEnd, CommandError> {
    if !seal_all(session, report, MAX_PASSES)? {
        return Ok(ResealEnd::OthersWrite);
    }
    let mark = session.runtime.block_on(session.repository(Reader::Product).reseal_mark());
    mark.map_err(|failure| session.advised(failure))?;
    if !wait.is_zero() {
        errln!("koohook: waiting {}: {WHY}", span_text(wait));
    }
    session.runtime.block_on(session.world.pause(wait));
    let is_clean = seal_all(session, report, 1)?;
    Ok(if is_clean { report.end_of_reseal() } else { ResealEnd::OthersWrite })
}

/// Passes over the store until a pass finds only values of the current key. Returns whether one did.
fn seal_all(
    session: &Session,
    report: &mut ResealReport,
    passes: usize,
) -> Result<bool, CommandError> {
    for _ in 0..passes {
        report.passes += 1;
        let mut pass = ResealPass::new(report.previous_keys, true);
        let scanned = pass.scan(session);
        report.written.add_written(&pass);
        scanned?;
        let is_clean = pass.is_clean();
        report.checked = Some(pass);
        if is_clean {
            return Ok(true);
        }
    }
    if report.checked.as_ref().is_some_and(|pass| pass.unanswered > 0) {
        return Err(session.advised(Failure::StoreUnavailable));
    }
    Ok(false)
}

/// How many times the command reads the whole store. In each pass after the first one it finds a value
/// only if another process has sealed it with a previous key since.
const MAX_PASSES: usize = 5;
const WHY: &str =
    "a koohook that has only the old key stops within a minute; the last pass finds what it wrote";
const NO_KEY: &str = "KOOHOOK_SEAL_KEY is not set; set it to the new key, and KOOHOOK_SEAL_KEY_PREVIOUS to the \
                      keys before it";

#[cfg(test)]
mod tests {
    use shell::seal::SEAL_MARK_READ_EVERY;

    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        arguments: ResealArguments,
    }

    #[test]
    fn the_command_waits_for_longer_than_a_process_keeps_a_mark_and_answers_a_call() {
        let command: Command = clap::Parser::parse_from(["reseal"]);
        let longest_call = Duration::from_secs(10);
        assert!(command.arguments.wait > SEAL_MARK_READ_EVERY + longest_call);
    }
}
