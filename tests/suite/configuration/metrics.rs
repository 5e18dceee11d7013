//! Settings of metrics: the second listener must be a second address, and other machines must know a
//! secret.

use shell::metrics::{MetricsListen, MetricsSetting};

use super::{CANARY, accepted, read, refusal, refused};

const SECRET: &str = "made-up-metrics-secret";

fn with(listen: &str, metrics: &str, secret: Option<&str>) -> Result<MetricsListen, String> {
    let secret = secret.map(|secret| ("KOOHOOK_METRICS_SECRET", secret));
    let addresses = [
        ("KOOHOOK_METRICS", "prometheus"),
        ("KOOHOOK_LISTEN", listen),
        ("KOOHOOK_METRICS_LISTEN", metrics),
    ];
    let settings: Vec<_> = addresses.into_iter().chain(secret).collect();
    match read(&settings).map_err(|error| error.to_string())?.context.metrics {
        MetricsSetting::Prometheus(listen) => Ok(listen),
        other => panic!("{other:?}"),
    }
}

#[test]
fn metrics_are_off_unless_they_are_set() {
    let config = read(&[]).unwrap().context;
    assert!(matches!(config.metrics, MetricsSetting::Off) && !config.reads_figures);
    let config = read(&[("KOOHOOK_METRICS", "emf")]).unwrap().context;
    assert!(matches!(config.metrics, MetricsSetting::Emf) && config.reads_figures);
    let config = read(&[("KOOHOOK_METRICS", "prometheus")]).unwrap().context;
    assert!(config.reads_figures);
    let MetricsSetting::Prometheus(listen) = config.metrics else { panic!("{:?}", config.metrics) };
    assert_eq!((listen.listen.as_str(), listen.secret), ("127.0.0.1:9464", None));
    accepted("KOOHOOK_METRICS", &["off", "prometheus", "emf"]);
    refused("KOOHOOK_METRICS", &["canary-value", "on", "Prometheus", "EMF", "true", "1"]);
    let said = refusal(&[("KOOHOOK_METRICS", CANARY)]);
    assert_eq!(said, "KOOHOOK_METRICS must be `off`, `prometheus` or `emf`");
}

#[test]
fn metrics_never_listen_at_the_address_of_the_host() {
    for (listen, metrics) in [
        ("127.0.0.1:9464", "127.0.0.1:9464"),
        ("0.0.0.0:9464", "127.0.0.1:9464"),
        ("127.0.0.1:9464", "0.0.0.0:9464"),
        ("[::]:9464", "127.0.0.1:9464"),
        ("127.0.0.1:9464", "[::]:9464"),
        ("[::]:9464", "0.0.0.0:9464"),
        ("0.0.0.0:9464", "[::]:9464"),
        ("0.0.0.0:9464", "192.0.2.1:9464"),
        ("[::]:9464", "[::1]:9464"),
        ("localhost:9464", "127.0.0.1:9464"),
        ("localhost:9464", "[::1]:9464"),
        ("127.0.0.1:9464", "localhost:9464"),
        ("[::ffff:127.0.0.1]:9464", "127.0.0.1:9464"),
        ("0.0.0.0:9464", "[::ffff:127.0.0.1]:9464"),
    ] {
        let refusal = with(listen, metrics, Some(SECRET)).unwrap_err();
        let expected =
            "KOOHOOK_METRICS_LISTEN has the address of KOOHOOK_LISTEN; set it to another port";
        assert_eq!(refusal, expected, "{listen} {metrics}");
    }
    for (listen, metrics) in [
        ("127.0.0.1:8000", "127.0.0.1:9464"),
        ("127.0.0.1:9464", "127.0.0.2:9464"),
        ("127.0.0.1:9464", "[::1]:9464"),
        ("0.0.0.0:9464", "[::1]:9464"),
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("0.0.0.0:8000", "0.0.0.0:8001"),
    ] {
        let is_usable = with(listen, metrics, Some(SECRET)).is_ok();
        assert!(is_usable, "{listen} {metrics}");
    }
}

#[test]
fn beyond_this_machine_metrics_need_a_secret() {
    let host = "127.0.0.1:8000";
    for metrics in ["0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "[fd00::1]:9464", "0.0.0.0:0"] {
        let refusal = with(host, metrics, None).unwrap_err();
        assert!(refusal.starts_with("KOOHOOK_METRICS_SECRET is required, because"), "{refusal}");
        let listen = with(host, metrics, Some(SECRET)).unwrap();
        assert_eq!(listen.secret.unwrap().reveal(), SECRET);
    }
    for metrics in ["127.0.0.1:9464", "127.9.9.9:1", "[::1]:9464", "localhost:9464"] {
        assert!(with(host, metrics, None).is_ok(), "{metrics}");
    }
    let weak = [
        "canary-value",
        "canary-value-15",
        "canary-value with a blank",
        "canary-value-\u{e9}-long",
    ];
    refused("KOOHOOK_METRICS_SECRET", &weak);
    let shortest =
        [("KOOHOOK_METRICS", "prometheus"), ("KOOHOOK_METRICS_SECRET", "made-up-16-chars")];
    assert!(read(&shortest).is_ok());
    let config = read(&[("KOOHOOK_METRICS", "prometheus"), ("KOOHOOK_METRICS_SECRET", SECRET)]);
    assert!(!format!("{:?}", config.unwrap().context.metrics).contains(SECRET));
}

#[test]
fn the_listening_address_of_metrics_is_an_address_and_a_port() {
    refused("KOOHOOK_METRICS_LISTEN", &["9464", ":9464", "canary-value:9464", "127.0.0.1"]);
}

#[test]
fn a_listener_without_its_metrics_is_refused() {
    for metrics in ["off", "emf"] {
        for other in
            [("KOOHOOK_METRICS_LISTEN", "127.0.0.1:9464"), ("KOOHOOK_METRICS_SECRET", SECRET)]
        {
            let said = refusal(&[("KOOHOOK_METRICS", metrics), other]);
            assert!(said.contains("has no effect without KOOHOOK_METRICS=prometheus"), "{said}");
        }
    }
}
