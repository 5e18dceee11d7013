//! Settings of the robot that tells people what is wrong (decision I7). Its address is a secret.

use domain::secret::Secret;
use domain::settings::SettingError;
use http::Uri;

use super::error::ConfigError;
use super::source::Source;
use crate::alarm_robot::{AlarmFormat, AlarmRobot};

/// The settings of a command that only posts.
pub struct AlarmConfig(pub Option<AlarmRobot>);

impl AlarmConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// The settings that cannot be used.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut errors = ConfigError::default();
        let robot = robot(&Source(lookup), &mut errors);
        errors.finish(robot.map(Self))
    }
}

/// Reads the robot.
pub(super) fn robot(source: &Source<'_>, errors: &mut ConfigError) -> Option<Option<AlarmRobot>> {
    let url = errors.keep(source.parsed(URL, parse_url));
    let format = errors.keep(source.parsed(FORMAT, parse_format));
    let secret = errors.keep(source.text(SECRET));
    let (url, format, secret) = (url?, format?, secret?.map(Secret::new));
    errors.keep(together(url, format, secret))
}

/// Checks the settings that need each other.
fn together(
    url: Option<Uri>,
    format: Option<AlarmFormat>,
    secret: Option<Secret>,
) -> Result<Option<AlarmRobot>, SettingError> {
    let without = |name| Err(SettingError::new(name, WITHOUT_URL));
    let url = match (url, format, &secret) {
        (Some(url), _, _) => url,
        (None, Some(_), _) => return without(FORMAT),
        (None, None, Some(_)) => return without(SECRET),
        (None, None, None) => return Ok(None),
    };
    let format = format.unwrap_or_default();
    if let Some(needed) = url.host().and_then(AlarmFormat::of_host).filter(|it| *it != format) {
        let wants = format!("must be `{}` for the address in KOOHOOK_ALARM_URL", needed.as_str());
        return Err(SettingError::new(FORMAT, wants));
    }
    if secret.is_some() && !format.signs() {
        let wants = format!("is set, but `{}` signs nothing; unset it", format.as_str());
        return Err(SettingError::new(SECRET, wants));
    }
    Ok(Some(AlarmRobot::new(url, format, secret)))
}

fn parse_format(text: &str) -> Result<AlarmFormat, &'static str> {
    let found = AlarmFormat::ALL.into_iter().find(|format| format.as_str() == text);
    found.ok_or("must be `json`, `dingtalk`, `wecom`, `feishu` or `slack`")
}

/// Reads the address: https, or http on this machine.
fn parse_url(text: &str) -> Result<Uri, &'static str> {
    const EXAMPLE: &str =
        "must be the whole address of the robot, as https://alarms.example.com/koohook";
    if text.contains('#') {
        return Err("must not contain #");
    }
    let uri: Uri = text.parse().map_err(|_| EXAMPLE)?;
    let authority = uri.authority().ok_or(EXAMPLE)?;
    if authority.as_str().contains('@') {
        return Err("must not contain a user or a password");
    }
    let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
    if authority.host().is_empty()
        || (!port.is_empty() && authority.port_u16().is_none_or(|it| it == 0))
    {
        return Err(EXAMPLE);
    }
    let is_here = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_here => Ok(uri),
        Some("http") => Err("must begin with https://; http:// is allowed only to this machine"),
        Some(_) | None => Err(EXAMPLE),
    }
}

const URL: &str = "KOOHOOK_ALARM_URL";
const FORMAT: &str = "KOOHOOK_ALARM_FORMAT";
const SECRET: &str = "KOOHOOK_ALARM_SECRET";
const WITHOUT_URL: &str = "is set without KOOHOOK_ALARM_URL; set both, or unset it";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Option<AlarmRobot>, String> {
        let lookup = |name: &str| {
            let found = settings.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        AlarmConfig::read(&lookup).map(|config| config.0).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_is_https_or_this_machine() {
        for (url, fits) in [
            ("https://alarms.example.com/koohook?key=canary", true),
            ("https://alarms.example.com:8443", true),
            ("http://127.0.0.1:9000/canary", true),
            ("http://localhost/canary", true),
            ("http://[::1]:9000/canary", true),
            ("http://alarms.example.com/canary", false),
            ("http://127.0.0.1.example.com/canary", false),
            ("http://10.0.0.1/canary", false),
            ("https://canary:canary@alarms.example.com/", false),
            ("http://localhost@alarms.example.com/canary", false),
            ("https://alarms.example.com/canary#x", false),
            ("https://alarms.example.com:/canary", false),
            ("https://alarms.example.com:0/canary", false),
            ("https:///canary", false),
            ("ftp://alarms.example.com/canary", false),
            ("alarms.example.com/canary", false),
            ("/canary", false),
            ("https://alarms.example.com/ canary", false),
        ] {
            let read = read(&[(URL, url)]);
            assert_eq!(read.is_ok(), fits, "{url}: {read:?}");
            let shown = format!("{read:?}");
            assert!(!shown.contains("canary"), "{shown}");
            assert!(fits || shown.contains(URL), "{shown}");
        }
    }

    #[test]
    fn settings_that_do_not_fit_each_other_are_refused_by_name() {
        let json = (URL, "https://alarms.example.com/canary");
        let ding = (URL, "https://oapi.dingtalk.com/robot/send?access_token=canary");
        let secret = (SECRET, "SECcanary");
        for (settings, error) in [
            (&[secret][..], "KOOHOOK_ALARM_SECRET is set without KOOHOOK_ALARM_URL"),
            (&[(FORMAT, "slack")], "KOOHOOK_ALARM_FORMAT is set without KOOHOOK_ALARM_URL"),
            (&[ding], "KOOHOOK_ALARM_FORMAT must be `dingtalk` for the address"),
            (&[ding, (FORMAT, "feishu"), secret], "KOOHOOK_ALARM_FORMAT must be `dingtalk`"),
            (&[json, secret], "KOOHOOK_ALARM_SECRET is set, but `json` signs nothing"),
            (&[json, (FORMAT, "wecom"), secret], "KOOHOOK_ALARM_SECRET is set, but `wecom` signs"),
            (&[json, (FORMAT, "Dingtalk")], "KOOHOOK_ALARM_FORMAT must be `json`, `dingtalk`"),
        ] {
            let text = read(settings).unwrap_err();
            assert!(text.starts_with(error), "{text}");
            assert!(!text.contains("canary"), "{text}");
        }
        assert_eq!(read(&[]), Ok(None));
        let robot = read(&[ding, (FORMAT, "dingtalk"), secret]).unwrap();
        assert_eq!(format!("{robot:?}"), "Some(AlarmRobot(dingtalk, [redacted]))");
    }
}
