//! Where metrics can go on a platform.

use domain::settings::SettingError;

use super::platform::Platform;
use crate::metrics::MetricsSetting;

/// Checks that the metrics of a setting can leave this platform.
///
/// # Errors
/// If nothing on the platform would read them.
pub(super) fn check_metrics(
    setting: &MetricsSetting,
    platform: &Platform,
) -> Result<(), SettingError> {
    let problem = match (setting, platform) {
        (MetricsSetting::Off, _)
        | (MetricsSetting::Prometheus(_), Platform::Machine)
        | (MetricsSetting::Emf, Platform::Lambda) => return Ok(()),
        (MetricsSetting::Prometheus(_), Platform::Lambda) => {
            "cannot be prometheus on AWS Lambda, which has no port for it; set it to emf"
        }
        (MetricsSetting::Prometheus(_), Platform::FunctionGraph { .. } | Platform::Vercel) => {
            "cannot be prometheus on a function platform, which has no port for it; unset it, and \
             count the lines of the log"
        }
        (MetricsSetting::Emf, _) => {
            "cannot be emf outside AWS Lambda, where nothing reads it; set it to prometheus, or unset it"
        }
    };
    Err(SettingError::new("KOOHOOK_METRICS", problem))
}

/// Checks the same for a program that serves on a machine.
///
/// # Errors
/// If nothing on a machine would read them.
pub fn check_machine_metrics(setting: &MetricsSetting) -> Result<(), SettingError> {
    check_metrics(setting, &Platform::Machine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricsListen;

    #[test]
    fn metrics_are_refused_where_nothing_reads_them() {
        let prometheus = || {
            MetricsSetting::Prometheus(MetricsListen {
                listen: "127.0.0.1:1".to_owned(),
                secret: None,
            })
        };
        let graph = || Platform::FunctionGraph { runtime: None };
        let platforms = [Platform::Machine, Platform::Lambda, Platform::Vercel, graph()];
        let allowed = |setting: MetricsSetting| {
            platforms.clone().map(|platform| check_metrics(&setting, &platform).is_ok())
        };
        assert_eq!(allowed(MetricsSetting::Off), [true; 4]);
        assert_eq!(allowed(prometheus()), [true, false, false, false]);
        assert_eq!(allowed(MetricsSetting::Emf), [false, true, false, false]);
        let refused = check_metrics(&MetricsSetting::Emf, &Platform::Machine).unwrap_err();
        assert_eq!(refused.setting, "KOOHOOK_METRICS");
    }
}
