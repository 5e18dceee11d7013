//! The log lines about telling people. None has the robot's address, its secret or its words.

use domain::alarm::AlarmMessage;

use super::post::word;
use crate::alarm_robot::{AlarmFormat, RobotFault};
use crate::context::Context;
use crate::failure::Failure;
use crate::world::World;

/// Logs a post, and whether the robot accepts messages.
pub(super) fn log_post<W: World>(
    context: &Context<W>,
    format: AlarmFormat,
    messages: &[AlarmMessage],
    posted: &Result<(), RobotFault>,
) {
    let (trouble, now) = (&context.troubles.alarm_robot, context.world.elapsed());
    let kinds: Vec<_> = messages
        .iter()
        .map(|message| format!("{} {}", message.kind.as_str(), word(message.change)))
        .collect();
    let (alarms, format_word) = (kinds.join(", "), format.as_str());
    match posted {
        Ok(()) => {
            tracing::info!(alarms, format = format_word, "people told");
            if let Some(count) = trouble.ended() {
                tracing::info!(count, "alarm robot accepts messages again");
            }
        }
        Err(fault) => {
            if let Some(count) = trouble.occurred(now) {
                tracing::warn!(
                    alarms,
                    format = format_word,
                    fault = fault.word(),
                    code = fault.number(),
                    repeated = Some(count).filter(|count| *count > 1),
                    advice = fault.advice(format),
                    "alarm robot does not accept messages"
                );
            }
        }
    }
}

/// Logs that what was said cannot be read or written.
pub(super) fn log_untold<W: World>(context: &Context<W>, fault: Failure) {
    let trouble = &context.troubles.alarm_state;
    if let Some(count) = trouble.occurred(context.world.elapsed()) {
        let repeated = Some(count).filter(|count| *count > 1);
        tracing::warn!(fault = %fault, repeated, advice = ADVICE, "alarms cannot be read or written");
    }
}

/// Notes that it could be read and written.
pub(super) fn log_told<W: World>(context: &Context<W>) {
    if let Some(count) = context.troubles.alarm_state.succeeded(context.world.elapsed()) {
        tracing::info!(count, "alarms are read and written again");
    }
}

const ADVICE: &str = "run koohook store check with the settings of this process; until then each process tells \
     only that the store is down and that calls fail";
