//! Checks `koohook dev`: its export lines are enough to play every scenario against it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, SystemTime};

use protocol::time::UnixMillis;

use crate::without_settings;

/// A running `koohook dev`, with its output up to the line "listening".
struct Dev {
    child: Child,
    lines: Vec<String>,
    /// The later lines.
    later: Receiver<String>,
}

impl Dev {
    fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_koohook")));
        command.arg("dev").env("KOOHOOK_LISTEN", "127.0.0.1:0").envs(settings.iter().copied());
        let mut child = command.current_dir(folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = Vec::new();
        for line in lines.by_ref().map_while(Result::ok) {
            let is_listening = line.contains(r#""message":"listening""#);
            printed.push(line);
            if is_listening {
                break;
            }
        }
        // The log must be read to its end; otherwise koohook waits when the pipe is full.
        let (sender, later) = mpsc::channel();
        std::thread::spawn(move || {
            // The test may have ended.
            lines.map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        Self { child, lines: printed, later }
    }

    /// Stops, and returns the rest of the output.
    fn stop(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.later.iter().collect()
    }

    /// Waits for a line that begins so.
    fn line(&self, beginning: &str) -> Option<String> {
        let later = std::iter::from_fn(|| self.later.recv_timeout(Duration::from_secs(20)).ok());
        self.lines.iter().cloned().chain(later).find(|line| line.starts_with(beginning))
    }

    fn exports(&self) -> Vec<&str> {
        let lines = self.lines.iter().map(String::as_str);
        lines.filter(|line| line.starts_with("export ")).collect()
    }

    /// Runs a command in a shell, after the export lines.
    fn run(&self, command: &str) -> Output {
        let script = format!("{}\n{command}", self.exports().join("\n"));
        let folder = Path::new(env!("CARGO_BIN_EXE_koohook")).parent().unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let mut shell = without_settings(Command::new("sh"));
        shell.args(["-euc", &script]).env("PATH", path).stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(output: &[u8]) -> &str {
    std::str::from_utf8(output).unwrap()
}

/// The name of the folder needs quotes. The test uses both units of the timestamp.
#[test]
fn the_export_lines_are_enough_to_play_every_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("it's $HOME");
    fs::create_dir(&odd).unwrap();
    for settings in
        [&[][..], &[("KOOHOOK_TIMESTAMP_UNIT", "seconds"), ("KOOHOOK_ENCRYPT_TYPE", "2")]]
    {
        let dev = Dev::start(&odd, settings);
        let played = dev.run("koohook conform --scenarios");
        let report = text(&played.stdout);
        assert!(report.contains("\nV2 kit  applicationSync"), "{report}");
        assert!(report.contains(" calls, 0 failures, 0 remarks, 0 not served.\n"), "{report}");
        assert_eq!(played.status.code(), Some(0), "{report}");
        let public = dev.run(r#"koohook keys public "$KOOHOOK_RSA_PRIVATE_KEY_FILE""#);
        let line = text(&public.stdout).lines().last().unwrap();
        assert!(dev.lines.iter().any(|printed| printed == line), "{:?}", dev.lines);
    }
}

/// Sends the kit's calls and a purchase with a phone number, under each guide.
#[test]
fn send_signs_and_encrypts_every_call_of_the_kit() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path(), &[]);
    let in_folder =
        |command: &str| dev.run(&format!("cd '{}'; {command}", folder.path().display()));
    in_folder("koohook keys public koohook.db.application.pem | tail -n 1 >public.txt");
    for guide in ["--v1", "--v2"] {
        for call in calls(guide) {
            let done = in_folder(&format!("koohook send {guide} {call}"));
            let (body, judgement) = (text(&done.stdout), text(&done.stderr));
            assert!(
                body.starts_with('{') && body.contains(r#""000000""#),
                "{call}: {body}{judgement}"
            );
            assert!(judgement.ends_with("Body-Sign: right\n"), "{call}: {judgement}");
            assert_eq!(done.status.code(), Some(0), "{call}");
        }
    }
    // Without a public key, send does not encrypt the secret, so koohook cannot decrypt it.
    let plain =
        "koohook send --v2 applicationSync tenantId=T appId=A clientId=C clientSecret=x flag=1";
    assert_eq!(dev.run(plain).status.code(), Some(1));
}

/// A purchase and the kit's calls. The public key that encrypts the secret is a text or a file.
fn calls(guide: &str) -> Vec<String> {
    let seal = r#"clientSecret=plain --public-key "$(koohook keys public "$KOOHOOK_RSA_PRIVATE_KEY_FILE" | tail -n 1)""#;
    let by_file = r#"clientSecret=plain --public-key "$PWD/public.txt""#;
    let people =
        r#"userList:='[{"userName":"u","name":"n","orgCode":"1","role":"user","enable":"true"}]'"#;
    let departments = if guide == "--v1" {
        r#"orgInfo:='[{"orgCode":"1","name":"a"}]'"#
    } else {
        r#"orgInfoList:='[{"orgCode":"1","orgName":"a"}]'"#
    };
    let application = "applicationSync tenantId=T appId=A clientId=C flag=1";
    vec![
        "newInstance orderId=CS1 orderLineId=CS1-1 productId=P customerId=C mobilePhone=159"
            .to_owned(),
        "tenantSync tenantId=T tenantCode=t name=Name domainName=https://t.example flag=1"
            .to_owned(),
        application.to_owned(),
        format!("{application} {seal}"),
        format!("{application} {by_file}"),
        format!("authSync tenantId=T appId=A flag=1 {people}"),
        "singleOrgSync tenantId=T orgCode=1 orgName=a flag=1".to_owned(),
        format!("allOrgSync tenantId=T {departments}"),
    ]
}

#[test]
fn a_restart_uses_the_same_keys_unless_the_store_is_memory() {
    let folder = tempfile::tempdir().unwrap();
    let key = |dev: &Dev| dev.exports()[1].to_owned();
    let first = key(&Dev::start(folder.path(), &[]));
    let again = Dev::start(folder.path(), &[]);
    assert!(first.starts_with("export KOOHOOK_BASE_KEY='made-up-"), "{first}");
    assert_eq!(first, key(&again));
    let shown = again.lines.iter().filter(|line| line.contains(&first)).count();
    assert_eq!(shown, 1, "{:?}", again.lines);

    let empty = tempfile::tempdir().unwrap();
    let memory = Dev::start(empty.path(), &[("KOOHOOK_STORE", "memory:")]);
    assert_ne!(first, key(&memory));
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

/// A product's developer sees what the marketplace would receive. The relay looks for usage when it
/// starts, so that the test does not wait for the next minute.
#[test]
fn usage_reaches_a_simulated_marketplace_if_keys_and_store_are_made_up() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("KOOHOOK_PRODUCT_URL", "http://127.0.0.1:9/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ];
    let dev = Dev::start(folder.path(), &settings);
    let route = "koohook dev sends usage to a simulated marketplace";
    assert!(dev.lines.iter().any(|line| line.contains(route)), "{:?}", dev.lines);
    let bought = format!("timeStamp={}", hours_ago(3).to_utc_digits());
    let call = "koohook send --v1 newInstance chargingMode=0 orderId=CS1 productId=P customerId=C";
    // The product is down, so that the answer is 000004 without the ID.
    dev.run(&format!("{call} {bought} || true"));
    let id = domain::instance::id::derive("CS1", None, Some("P"));
    let [begin, end] = [2, 1].map(|hours| hours_ago(hours).whole_second());
    let record = format!(
        r#"{{"recordId":"r","instanceId":"{id}","beginTime":"{}","endTime":"{}","value":1.5}}"#,
        begin.to_rfc3339(),
        end.to_rfc3339()
    );
    let report = format!("echo '{record}' | koohook usage report - && koohook usage now --all -y");
    let done = dev.run(&report);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));

    let beginning = format!("simulated marketplace: {id} used 1.5 from ");
    let before = dev.stop().into_iter().find(|line| line.starts_with(&beginning));
    let line = before.or_else(|| Dev::start(folder.path(), &settings).line(&beginning)).unwrap();
    let [begin, end] = [begin, end].map(|at| at.to_sdk_date());
    assert_eq!(line, format!("{beginning}{begin} to {end}"));
}

fn hours_ago(hours: u64) -> UnixMillis {
    let ago = SystemTime::now() - Duration::from_secs(hours * 3_600);
    let since = ago.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixMillis::new(since.as_millis().try_into().unwrap())
}

/// Usage that a simulated marketplace received would never reach the real one.
#[test]
fn usage_waits_if_the_store_or_the_key_is_set() {
    for set in [("KOOHOOK_STORE", "sqlite:other.db"), ("KOOHOOK_BASE_KEY", "the-sellers-own-key")] {
        let folder = tempfile::tempdir().unwrap();
        let settings = [
            ("KOOHOOK_PRODUCT_URL", "http://127.0.0.1:9/hooks"),
            ("KOOHOOK_PRODUCT_SECRET", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            set,
        ];
        let dev = Dev::start(folder.path(), &settings);
        let route = "koohook dev sends no usage";
        assert!(dev.lines.iter().any(|line| line.contains(route)), "{:?}", dev.lines);
    }
}

/// The commands of the second terminal do not read the product's secret.
#[test]
fn dev_does_not_ask_for_a_setting_that_the_second_terminal_does_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("KOOHOOK_PRODUCT_URL", "http://127.0.0.1:9/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ];
    let dev = Dev::start(folder.path(), &settings);
    assert!(!dev.lines.iter().any(|line| line.contains("PRODUCT_SECRET")), "{:?}", dev.lines);
}

/// koohook uses the seller's own key and does not show it. It does not warn of other commands' options.
#[test]
fn a_key_that_is_set_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("KOOHOOK_BASE_KEY", "the-sellers-own-key"),
        ("KOOHOOK_SEALED_SECRET", "c2VhbGVk"),
        ("KOOHOOK_ADDRESS", "http://127.0.0.1:8000/saasproduce"),
    ];
    let dev = Dev::start(folder.path(), &settings);
    assert!(
        dev.lines.contains(
            &"# KOOHOOK_BASE_KEY is set here; set it in the second terminal too".to_owned()
        )
    );
    assert!(!dev.lines.iter().any(|line| line.contains("the-sellers-own-key")));
    assert!(
        !dev.lines.iter().any(|line| line.contains("unknown setting ignored")),
        "{:?}",
        dev.lines
    );
    let sent =
        dev.run("koohook send --v2 --key the-sellers-own-key newInstance orderId=1 orderLineId=1");
    assert_eq!(sent.status.code(), Some(0));
}

/// A shell of a server has its settings: dev must not surprise the operator.
#[test]
fn dev_names_the_store_and_the_product_that_are_set_and_the_second_terminal_finds_them() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("KOOHOOK_STORE", "sqlite:other.db"),
        ("KOOHOOK_PRODUCT_URL", "http://127.0.0.1:9/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ];
    let dev = Dev::start(folder.path(), &settings);
    for expected in [
        "KOOHOOK_STORE is set; koohook dev uses sqlite other.db",
        "KOOHOOK_PRODUCT_URL is set; koohook dev sends notices to 127.0.0.1",
    ] {
        assert!(dev.lines.iter().any(|line| line == expected), "{:?}", dev.lines);
    }
    // The commands run in another folder.
    let sent = dev.run("koohook send --v2 newInstance orderId=CS1 orderLineId=CS1-1");
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
    let shown = dev.run("koohook instances show CS1");
    assert!(text(&shown.stdout).contains("CS1"), "{}", text(&shown.stderr));
    let status = dev.run("koohook status");
    assert!(text(&status.stdout).contains("server"), "{}", text(&status.stdout));
    assert!(!text(&status.stdout).contains("server           failed"), "{}", text(&status.stdout));
    assert!(dev.lines.iter().any(|line| line.contains("instances show CS")), "{:?}", dev.lines);
}
