//! `koohook alarms`: tests the robot that tells people what is wrong, and shows what lasts.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::alarm::{AlarmKind, AlarmLanguage, AlarmState, LastingAlarm, title, what_to_type};
use domain::outbox::Reader;
use domain::store_keys::ALARMS;
use protocol::time::UnixMillis;
use serde_json::{Value, json};
use shell::alarm_robot::{AlarmRobot, ROBOT_PATIENCE};
use shell::alarms::test_post;
use shell::config::{AlarmConfig, variable};
use shell::host::{MachineWorld, open_to_read};
use shell::store::AnyStore;
use shell::store::memory::Memory;
use shell::world::World;

use crate::error::CommandError;
use crate::local_time::span_text;
use crate::output::{errln, outln};
use crate::output_format::{FormatArgument, JsonArray};
use crate::session::{Session, settings};
use crate::shown::shown;

/// Arguments of `koohook alarms`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook alarms test        post a test message, and print what the robot answered
  koohook alarms show        what lasts, since when, and when people were last told

The relay tells people by a robot: one message when something begins to be wrong, at most one an hour
while it lasts, and one when it is over. Set KOOHOOK_ALARM_URL and KOOHOOK_ALARM_FORMAT where the relay
runs (docs/alarms.md).")]
pub struct AlarmsArguments {
    #[command(subcommand)]
    command: AlarmsCommand,
}

#[derive(Subcommand)]
enum AlarmsCommand {
    /// Post a test message to the robot, and print what it answered.
    #[command(after_help = "Examples:
  KOOHOOK_ALARM_URL_FILE=robot.url KOOHOOK_ALARM_FORMAT=dingtalk koohook alarms test

The command reads KOOHOOK_ALARM_URL, KOOHOOK_ALARM_FORMAT and KOOHOOK_ALARM_SECRET. It needs no store. The
message says that it is a test, in English and in Chinese. The exit code is 1 if the robot did not accept
it.")]
    Test(TestArguments),
    /// Show what lasts, since when, and when people were last told.
    #[command(after_help = "Examples:
  koohook alarms show
  koohook alarms show -o json | jq '.[].kind'

Set KOOHOOK_STORE to the store [default: sqlite:koohook.db] and KOOHOOK_SEAL_KEY to its key. What a process
told while the store was down is not in it.")]
    Show(ShowArguments),
}

/// Arguments of `koohook alarms test`.
#[derive(Args)]
struct TestArguments {}

/// Arguments of `koohook alarms show`.
#[derive(Args)]
struct ShowArguments {
    #[command(flatten)]
    format: FormatArgument,
}

/// Tests the robot, or shows what lasts.
pub fn run(arguments: &AlarmsArguments) -> Result<ExitCode, CommandError> {
    match &arguments.command {
        AlarmsCommand::Test(TestArguments {}) => test(),
        AlarmsCommand::Show(arguments) => show(arguments.format),
    }
}

fn test() -> Result<ExitCode, CommandError> {
    let AlarmConfig(Some(robot)) = AlarmConfig::read(&variable)? else {
        return Err(NOT_SET.into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let format = robot.format.as_str();
    match runtime.block_on(post(&robot)) {
        Ok(()) => {
            outln!("the robot ({format}) accepted the test message; look for it in the chat");
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            let advice = fault.advice(robot.format);
            outln!("the robot ({format}) did not accept the test message");
            outln!("{}", shown(&robot.without_address(&format!("{fault}; {advice}"))));
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn post(robot: &AlarmRobot) -> Result<(), shell::alarm_robot::RobotFault> {
    let world = MachineWorld::new(AnyStore::Memory(Memory::new()));
    robot.post(&world, &test_post(), ROBOT_PATIENCE, world.now()).await
}

fn show(format: FormatArgument) -> Result<ExitCode, CommandError> {
    let config = settings()?;
    config.store.must_exist()?;
    let session = Session::open(config, async |config| Ok(open_to_read(config).await?))?;
    let repository = session.repository(Reader::Operator);
    let read = repository.read_record::<AlarmState>(ALARMS.to_owned());
    let slot = session.runtime.block_on(read).map_err(|fault| session.advised(fault))?;
    let state = slot.record().cloned().unwrap_or_default();
    let now = session.world.now();
    let since = |at| now.since(at);
    if format.is_json() {
        let mut array = JsonArray::default();
        for (kind, alarm) in state.lasting() {
            array.push(&json_of(kind.as_str(), &alarm));
        }
        array.end();
        return Ok(ExitCode::SUCCESS);
    }
    for (kind, alarm) in state.lasting() {
        print_alarm(kind, &alarm, since);
    }
    print_end(&state, since);
    Ok(ExitCode::SUCCESS)
}

fn print_alarm(kind: AlarmKind, alarm: &LastingAlarm, since: impl Fn(UnixMillis) -> Duration) {
    let title = title(kind, AlarmLanguage::English);
    let told = alarm.said.map_or_else(
        || "people were not told yet".to_owned(),
        |said| format!("people were told {} ago", span_text(since(said))),
    );
    if let Some(ended) = alarm.ended {
        let ended = span_text(since(ended));
        outln!("{}: {title}: over since {ended}; people are told at the next run", kind.as_str());
        return;
    }
    let span = span_text(since(alarm.since));
    outln!("{}: {title}, for {span}; {told}", kind.as_str());
    outln!("  {}", what_to_type(kind));
}

fn print_end(state: &AlarmState, since: impl Fn(UnixMillis) -> Duration) {
    if state.lasting().next().is_none() {
        outln!("nothing is wrong that people are told");
    }
    if let (failed @ 1.., retry) = state.failed_posts() {
        let wait = retry.filter(|retry| since(*retry).is_zero());
        let next = if wait.is_some() { "after a pause" } else { "at its next run" };
        errln!(
            "koohook: the robot did not accept the last {failed} posts; the relay posts again {next}"
        );
        errln!("koohook: run koohook alarms test with the settings of the relay");
    }
}

fn json_of(kind: &str, alarm: &LastingAlarm) -> Value {
    let LastingAlarm { since, seen, said, count, ended } = alarm;
    json!({
        "kind": kind,
        "since": since.to_rfc3339(),
        "seen": seen.to_rfc3339(),
        "said": said.map(|said| said.to_rfc3339()),
        "count": count,
        "ended": ended.map(|ended| ended.to_rfc3339()),
    })
}

const NOT_SET: &str = "KOOHOOK_ALARM_URL is not set; set it to the robot's address, and KOOHOOK_ALARM_FORMAT to its \
     format (docs/alarms.md)";
