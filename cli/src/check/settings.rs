//! Checks the settings as `koohook serve` does.

use domain::page::Pages;
use shell::config::{Config, unknown_settings};
use shell::host::{StartFacts, check_machine_metrics};

use crate::findings::{Finding, Findings};
use crate::serve;

/// Checks every setting. `None` if the other checks cannot run.
pub fn check(findings: &mut Findings) -> Option<Config> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, nearest) in unknown_settings(names) {
        let meant = nearest.map(|name| format!("; you may mean {name}")).unwrap_or_default();
        let text = format!("unknown setting {name} is ignored{meant}");
        findings.print("settings", &Finding::warn(text));
    }
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(errors) => {
            for error in errors.iter() {
                findings.print("settings", &Finding::failed(error.to_string()));
            }
            findings.print("settings", &Finding::warn(STOPPED));
            return None;
        }
    };
    let pages = Pages::new(&serve::rows(), &config.endpoint.pages);
    let missing = serve::missing_setting(&config).map(str::to_owned);
    let metrics = check_machine_metrics(&config.context.metrics);
    let lacks = missing
        .or_else(|| pages.err().map(|fault| fault.to_string()))
        .or_else(|| metrics.err().map(|fault| fault.to_string()));
    findings.print("settings", &lacks.map_or_else(|| served(&config), Finding::failed));
    Some(config)
}

/// What `koohook serve` would serve.
fn served(config: &Config) -> Finding {
    let contracts = StartFacts::of(config).contracts;
    let text = format!("{contracts} at {}", config.endpoint.base_path);
    if config.endpoint.base_keys.is_none() {
        return Finding::warn(format!("{text}; {}", serve::NO_BASE_KEY));
    }
    Finding::ok(text)
}

const STOPPED: &str = "koohook check needs correct settings for the other checks";
