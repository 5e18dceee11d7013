//! What to do if a robot did not accept a message, by the codes in the chats' documents.

use super::answer::RobotFault;
use super::format::AlarmFormat;
use crate::web::Unanswered;

impl RobotFault {
    /// What an operator can do.
    pub const fn advice(&self, format: AlarmFormat) -> &'static str {
        match self {
            Self::Unanswered(cause) => unanswered(*cause),
            Self::Code { code, .. } => of_code(format, *code),
            Self::Status { status, .. } => of_status(format, *status),
            Self::NotOfFormat { .. } => {
                "compare KOOHOOK_ALARM_FORMAT with the chat of KOOHOOK_ALARM_URL"
            }
            Self::Unsendable => "copy the address of the robot to KOOHOOK_ALARM_URL again",
        }
    }
}

const fn unanswered(cause: Unanswered) -> &'static str {
    match cause {
        Unanswered::NameNotFound => "compare KOOHOOK_ALARM_URL with the robot's address; check DNS",
        Unanswered::TimedOut | Unanswered::Refused | Unanswered::NotReached => {
            "allow koohook to connect to the robot's host: check firewall, routes and NAT"
        }
        Unanswered::NotTrusted => "check that no proxy replaces the robot's certificate",
        Unanswered::NotAllowed
        | Unanswered::Tls
        | Unanswered::CutOff
        | Unanswered::NotHttp
        | Unanswered::TooLong => "compare KOOHOOK_ALARM_URL with the robot's address",
    }
}

const fn of_code(format: AlarmFormat, code: i64) -> &'static str {
    match (format, code) {
        (AlarmFormat::Dingtalk, 310_000) => {
            "compare KOOHOOK_ALARM_SECRET with 加签 of the robot, or add koohook to its keywords \
             (自定义关键词), or this address to its IP addresses; check the clock of this machine"
        }
        (AlarmFormat::Dingtalk, 300_001 | 300_005) => {
            "copy the robot's Webhook address to KOOHOOK_ALARM_URL again; the robot may be deleted"
        }
        (AlarmFormat::Feishu, 19_021) => {
            "compare KOOHOOK_ALARM_SECRET with 签名校验 of the robot; check the clock of this machine"
        }
        (AlarmFormat::Feishu, 19_022) => "add this machine's address to the robot's IP whitelist",
        (AlarmFormat::Feishu, 19_024) => "add koohook to the robot's keywords (自定义关键词)",
        (AlarmFormat::Feishu, 19_001) | (AlarmFormat::Wecom, 93_000) => {
            "copy the robot's Webhook address to KOOHOOK_ALARM_URL again; the robot may be deleted"
        }
        (AlarmFormat::Dingtalk, 130_101)
        | (AlarmFormat::Feishu, 9_499 | 11_232)
        | (AlarmFormat::Wecom, 45_009) => {
            "other programs post with this robot too often; give koohook a robot of its own"
        }
        (_, _) => "look the code up in the chat's documents",
    }
}

const fn of_status(format: AlarmFormat, status: u16) -> &'static str {
    match (format, status) {
        (AlarmFormat::Slack, 403 | 404 | 410) => {
            "create a new incoming webhook in Slack and set it in KOOHOOK_ALARM_URL; the old one or its \
             channel may be removed"
        }
        (_, 300..=399) => "set the final address in KOOHOOK_ALARM_URL; koohook follows no redirect",
        (_, 429) => {
            "other programs post with this robot too often; give koohook a robot of its own"
        }
        (_, 500..=599) => "repair the receiver, or wait for the chat",
        (_, _) => "compare KOOHOOK_ALARM_URL and KOOHOOK_ALARM_FORMAT with the robot",
    }
}
