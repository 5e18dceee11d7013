//! The formats of robots.

use domain::alarm::AlarmLanguage;

/// What a robot understands (`KOOHOOK_ALARM_FORMAT`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AlarmFormat {
    /// A program of the seller's: JSON.
    #[default]
    Json,
    /// A custom robot (自定义机器人) in a DingTalk group.
    Dingtalk,
    /// A group robot (群机器人) of WeCom.
    Wecom,
    /// A custom bot (自定义机器人) in a Feishu or Lark group.
    Feishu,
    /// An incoming webhook of Slack.
    Slack,
}

impl AlarmFormat {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Json, Self::Dingtalk, Self::Wecom, Self::Feishu, Self::Slack];

    /// Its word in the setting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Dingtalk => "dingtalk",
            Self::Wecom => "wecom",
            Self::Feishu => "feishu",
            Self::Slack => "slack",
        }
    }

    /// Whether the robot can check a signature.
    pub const fn signs(self) -> bool {
        matches!(self, Self::Dingtalk | Self::Feishu)
    }

    /// The format of a host that belongs to a chat.
    pub fn of_host(host: &str) -> Option<Self> {
        match host.to_ascii_lowercase().as_str() {
            "oapi.dingtalk.com" => Some(Self::Dingtalk),
            "qyapi.weixin.qq.com" => Some(Self::Wecom),
            "open.feishu.cn" | "open.larksuite.com" => Some(Self::Feishu),
            "hooks.slack.com" => Some(Self::Slack),
            _ => None,
        }
    }

    /// The language of its messages.
    pub const fn language(self) -> AlarmLanguage {
        match self {
            Self::Dingtalk | Self::Wecom | Self::Feishu => AlarmLanguage::Chinese,
            Self::Json | Self::Slack => AlarmLanguage::English,
        }
    }
}
