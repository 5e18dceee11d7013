//! The log lines of the offers of the kit's notices (decision I1).

use tests::log::Log;
use tests::product::{Mood, ScriptedProduct};

use super::*;

/// The line names the enterprise and the application. A user's name is personal data.
#[test]
fn the_line_of_an_offer_names_the_enterprise_and_the_application_and_no_person() {
    let kit = Kit::new();
    let accepts = Mood::Answers(Duration::ZERO, 204, "");
    ScriptedProduct::of(kit.0.world(), move |_| accepts.clone());
    assert_eq!(kit.call(Contract::V2, "tenantSync", &tenant(1, "canary", 0)), "000000");
    let people = users(1, &["canary", "canary-2"], 0);
    assert_eq!(kit.call(Contract::V2, "authSync", &people), "000000");
    let log = Log::default();
    let keep = log.keep();
    let relay = shell::relay::Relay::new(kit.0.endpoint.context(), Duration::from_secs(50));
    assert_eq!(run(relay.run()).unwrap().delivered, 2);
    drop(keep);
    let text = log.text();
    assert!(!text.contains("canary") && !text.contains("张三"), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (kind, app) in [("tenant.put", Value::Null), ("users.put", json!("app-1"))] {
        let line = lines.iter().find(|line| line["type"] == kind).expect("an offer");
        let names = ["instanceId", "tenantId", "appId", "status", "outcome", "level", "entity"];
        let expected = [
            json!("inst-1"),
            json!("t-1"),
            app,
            json!(204),
            json!("delivered"),
            json!("INFO"),
            Value::Null,
        ];
        assert_eq!(names.map(|name| line[name].clone()), expected, "{line}");
    }
}
