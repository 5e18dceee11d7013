//! `koohook keys check`: judges every key in the settings. It never prints a key.

mod equal;
mod kind;
mod secret_setting;
mod strength;

use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use domain::page::Pages;
use domain::settings::SettingError;
use shell::config::Config;

use self::equal::{KeyMaterial, equal_to};
use self::kind::KeyKind;
use self::secret_setting::SecretSetting;
use crate::findings::{Finding, FindingLevel, Findings};
use crate::output_format::FormatArgument;
use crate::serve;

/// Arguments of `koohook keys check`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook keys check
  koohook keys check -o json

The command reads the same settings as koohook serve, and opens no store. It prints one line or more for
each key:
  failed  koohook does not start with it, it is weak, or it is equal to another secret
  WARN    a previous key is still set, other users may read its file, or it is older than a year
  off     it is not set
The age is that of the file. A key in a variable has no known age.

No key is printed. Of keys that are random bytes the output has a fingerprint: the first 8 digits of their
SHA-256. Compare it with the fingerprint on another machine. The exit code is 1 if a key failed.")]
pub struct KeysCheckArguments {
    #[command(flatten)]
    format: FormatArgument,
}

/// Judges every key, and prints the findings.
pub fn run(arguments: &KeysCheckArguments) -> ExitCode {
    let mut findings = Findings::of_settings(arguments.format);
    let faults = faults_of_a_start();
    let settings: Vec<_> =
        SECRETS.iter().map(|(name, kind)| SecretSetting::read(name, *kind)).collect();
    let materials: Vec<_> = settings.iter().flat_map(SecretSetting::materials).collect();
    for setting in &settings {
        for finding in judge(setting, &faults, &materials) {
            findings.print(setting.name, &finding);
        }
    }
    if faults.iter().any(|fault| SECRETS.iter().all(|(name, _)| *name != fault.setting)) {
        findings.print("other settings", &Finding::warn(OTHER_SETTINGS));
    }
    findings.end(WELL)
}

/// The settings with which `koohook serve` would not start.
fn faults_of_a_start() -> Vec<SettingError> {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(errors) => return errors.iter().cloned().collect(),
    };
    let missing = serve::missing_setting(&config).map(|text| {
        let (name, wants) = text.split_once(' ').unwrap_or((text, ""));
        let known = SECRETS.iter().find(|(known, _)| *known == name);
        SettingError::new(known.map_or("KOOHOOK_BASE_KEY", |(name, _)| *name), wants)
    });
    let pages = Pages::new(&serve::rows(), &config.endpoint.pages).err();
    missing.into_iter().chain(pages).collect()
}

/// Everything that is to say about one setting.
fn judge(
    setting: &SecretSetting,
    faults: &[SettingError],
    materials: &[KeyMaterial],
) -> Vec<Finding> {
    let equal = equal_to(setting.name, materials);
    if let Some(fault) = faults.iter().find(|fault| fault.setting == setting.name) {
        let fault = Finding::failed(fault.wants.clone());
        return [fault].into_iter().chain(equal).collect();
    }
    let text = match &setting.text {
        Ok(Some(text)) => text,
        Ok(None) => return vec![Finding::off("not set")],
        Err(fault) => return vec![Finding::failed(fault.wants.clone())],
    };
    let facts = match setting.kind.facts(text) {
        Ok(facts) => facts,
        Err(fault) => return vec![Finding::failed(fault)],
    };
    let weaknesses = setting.kind.weaknesses(text).into_iter().map(Finding::failed);
    let advice = setting.kind.advice(text).map(Finding::warn);
    let file = setting.file_advice(SystemTime::now()).into_iter().map(Finding::warn);
    let rest = weaknesses.chain(advice).chain(file);
    let found: Vec<_> = equal.into_iter().chain(rest).collect();
    if found.iter().any(|finding| finding.level != FindingLevel::Ok) {
        return found;
    }
    let age = setting.age_text(SystemTime::now());
    [Finding::ok(format!("{facts}; {age}"))].into_iter().chain(found).collect()
}

/// Every setting that contains a key or a secret.
const SECRETS: [(&str, KeyKind); 14] = [
    ("KOOHOOK_BASE_KEY", KeyKind::Access),
    ("KOOHOOK_BASE_KEY_PREVIOUS", KeyKind::AccessPrevious),
    ("KOOHOOK_KIT_KEY", KeyKind::Access),
    ("KOOHOOK_KIT_KEY_PREVIOUS", KeyKind::AccessPrevious),
    ("KOOHOOK_PRODUCT_SECRET", KeyKind::Product),
    ("KOOHOOK_SEAL_KEY", KeyKind::Seal),
    ("KOOHOOK_SEAL_KEY_PREVIOUS", KeyKind::SealPrevious),
    ("KOOHOOK_RSA_PRIVATE_KEY", KeyKind::Rsa),
    ("KOOHOOK_RELAY_SECRET", KeyKind::Access),
    ("KOOHOOK_OPENAPI_AK", KeyKind::Foreign),
    ("KOOHOOK_OPENAPI_SK", KeyKind::Foreign),
    ("KOOHOOK_METRICS_SECRET", KeyKind::Access),
    ("KOOHOOK_ALARM_SECRET", KeyKind::Foreign),
    ("KOOHOOK_ALARM_URL", KeyKind::Address),
];
const WELL: &str = "no key has a fault";
const OTHER_SETTINGS: &str = "koohook does not start with the other settings; run koohook check";
