//! Checks whether a robot is set. Only `koohook alarms test` posts.

use shell::alarm_robot::AlarmRobot;

use crate::findings::Finding;

/// Whether people are told what is wrong.
pub fn check(robot: Option<&AlarmRobot>) -> Finding {
    match robot {
        Some(robot) => Finding::ok(format!("a robot is set ({}); {TEST}", robot.format.as_str())),
        None => Finding::off(NOT_SET),
    }
}

const TEST: &str = "koohook alarms test posts a message";
const NOT_SET: &str =
    "KOOHOOK_ALARM_URL is not set: koohook tells nobody what is wrong (docs/alarms.md)";
