//! `koohook alarms`: each robot accepts and rejects as its public document says, and each failure says
//! what to do. The robots are in Python, and check signatures with Python's own functions.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::{Finished, Folder, SEAL_KEY};

/// A running robot.
struct Robot {
    process: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Robot {
    fn start(kind: &str, secret: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/alarms/robot.py");
        let mut command = Command::new("python3");
        command.arg(script).args([kind, secret]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        Self { process, lines, port: line.trim().parse().unwrap() }
    }

    /// Posts a test message with these settings.
    fn test(&self, path: &str, format: &str, secret: Option<&str>) -> Finished {
        let folder = Folder::new();
        let mut command = folder.command(&["alarms", "test"]);
        command.env("KOOHOOK_ALARM_URL", format!("http://127.0.0.1:{}{path}", self.port));
        command.env("KOOHOOK_ALARM_FORMAT", format);
        command.envs(secret.map(|secret| ("KOOHOOK_ALARM_SECRET", secret)));
        Finished::of(command.output().unwrap())
    }

    /// What the robot did with the next request.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Robot {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const DINGTALK: &str = "/robot/send?access_token=made-up-token";
const WECOM: &str = "/cgi-bin/webhook/send?key=made-up-key";
const FEISHU: &str = "/open-apis/bot/v2/hook/made-up";
const SECRET: &str = "SEC-made-up-secret";

#[test]
fn each_robot_accepts_a_message_with_its_own_signature() {
    for (kind, path, format, secret) in [
        ("dingtalk", DINGTALK, "dingtalk", None),
        ("dingtalk", DINGTALK, "dingtalk", Some(SECRET)),
        ("wecom", WECOM, "wecom", None),
        ("feishu", FEISHU, "feishu", None),
        ("feishu", FEISHU, "feishu", Some(SECRET)),
        ("slack", "/services/T/B/made-up", "slack", None),
        ("plain", "/koohook", "json", None),
    ] {
        let mut robot = Robot::start(kind, secret.unwrap_or_default());
        // Several times: signatures differ by the time, and some contain `+` and `/`.
        for _ in 0..if secret.is_some() { 12 } else { 1 } {
            let finished = robot.test(path, format, secret);
            finished.check(0, &format!("the robot ({format}) accepted the test message"), "");
            let line = robot.next();
            assert_eq!(line["posted"], true);
            let text = line["text"].as_str().unwrap();
            assert!(text.contains("koohook: this is a test") && text.contains("测试"), "{text}");
        }
    }
}

/// The robot, the path, the format, the robot's secret, the secret that is set, and what is printed.
type RejectedPost =
    (&'static str, &'static str, &'static str, &'static str, Option<&'static str>, &'static str);

const REJECTED: [RejectedPost; 9] = [
    (
        "dingtalk",
        DINGTALK,
        "dingtalk",
        SECRET,
        Some("SEC-other"),
        "code 310000: sign not match; compare KOOHOOK_ALARM_SECRET",
    ),
    ("dingtalk", DINGTALK, "dingtalk", SECRET, None, "code 310000"),
    (
        "dingtalk",
        "/robot/send?access_token=canary",
        "dingtalk",
        "",
        None,
        "code 300005: token is not exist; copy the robot's Webhook address",
    ),
    (
        "wecom",
        "/cgi-bin/webhook/send?key=canary",
        "wecom",
        "",
        None,
        "code 93000: invalid webhook url; copy the robot's",
    ),
    ("feishu", FEISHU, "feishu", SECRET, Some("other"), "code 19021: sign match fail"),
    (
        "feishu",
        FEISHU,
        "dingtalk",
        "",
        None,
        "HTTP 400: {\"code\": 9499, \"msg\": \"Bad Request\", \"data\": {}}; compare KOOHOOK_ALARM_URL and",
    ),
    ("wecom", WECOM, "feishu", "", None, "compare KOOHOOK_ALARM_FORMAT with the chat"),
    ("gone", "/services/canary", "slack", "", None, "HTTP 404: no_service; create a new incoming"),
    ("redirect", "/canary", "json", "", None, "HTTP 302; set the final address"),
];

#[test]
fn an_error_code_in_an_answer_with_http_200_is_a_failure_with_advice() {
    for (kind, path, format, robots, given, expected) in REJECTED {
        let robot = Robot::start(kind, robots);
        let finished = robot.test(path, format, given);
        finished.check(1, &format!("the robot ({format}) did not accept the test message"), "");
        assert!(finished.out.contains(expected), "{expected}: {}", finished.out);
        let all = format!("{}{}", finished.out, finished.aside);
        assert!(!all.contains("canary") && !all.contains("SEC-"), "{all}");
    }
}

#[test]
fn a_robot_that_is_not_there_and_missing_settings_say_what_to_do() {
    let folder = Folder::new();
    let mut command = folder.command(&["alarms", "test"]);
    command.env("KOOHOOK_ALARM_URL", "http://127.0.0.1:9/canary");
    let finished = Finished::of(command.output().unwrap());
    finished.check(1, "robot did not answer: connection refused; allow koohook to connect", "");
    assert!(!finished.out.contains("canary"));
    folder.run(&["alarms", "test"]).check(
        1,
        "",
        "KOOHOOK_ALARM_URL is not set; set it to the robot's",
    );
    let mut command = folder.command(&["alarms", "test"]);
    command.env("KOOHOOK_ALARM_URL", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary");
    let finished = Finished::of(command.output().unwrap());
    finished.check(1, "", "KOOHOOK_ALARM_FORMAT must be `wecom`");
    assert!(!finished.aside.contains("canary"));
}

#[test]
fn show_prints_what_lasts() {
    let folder = Folder::with_instances();
    folder.run(&["alarms", "show"]).check(0, "nothing is wrong that people are told", "");
    folder.run(&["alarms", "show", "-o", "json"]).check(0, "[]", "");
    let store = rusqlite::Connection::open(folder.0.path().join("koohook.db")).unwrap();
    let state = r#"{"alarms":{"product-down":{"since":1000,"seen":2000,"said":3000,"count":4}},"failed":2,"retry":4000}"#;
    let value = [&[0], state.as_bytes()].concat();
    let put = "INSERT INTO kept (key, version, value) VALUES ('alarms', x'00112233445566778899aabbccddeeff', ?1)";
    store.execute(put, [value]).unwrap();
    let finished = folder.run(&["alarms", "show"]);
    finished.check(
        0,
        "product-down: the product does not accept notices, for ",
        "the last 2 posts",
    );
    assert!(finished.out.contains("\n  koohook check\n"), "{}", finished.out);
    let printed: Value =
        serde_json::from_str(&folder.run(&["alarms", "show", "-o", "json"]).out).unwrap();
    assert_eq!(
        (&printed[0]["kind"], &printed[0]["said"]),
        (&"product-down".into(), &"1970-01-01T00:00:03.000Z".into(),)
    );
    let mut sealed = folder.command(&["alarms", "show"]);
    sealed.env("KOOHOOK_SEAL_KEY", SEAL_KEY);
    Finished::of(sealed.output().unwrap()).check(0, "product-down", "");
}
