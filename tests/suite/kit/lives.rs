//! The life of an enterprise, as the marketplace's side tells it.

use simulator::scenario::{self, Step, Wire};

use super::*;

fn play(steps: &[Step]) -> Kit {
    let kit = Kit::new();
    // The page of applications has a subject of its own.
    let steps = steps.iter().filter(|step| step.call.page != "applicationSync");
    let twice = steps.flat_map(|step| [(step, false), (step, true)]);
    for (number, (step, again)) in (0..).zip(twice) {
        kit.0.world().set_now(NOW + number);
        let nonce = number.to_string();
        let wire = Wire {
            address: ADDRESS,
            access_key: BASE_KEY,
            kit_key: KIT_KEY,
            now_millis: NOW + number,
            business_id: "",
            nonce: &nonce,
            instance_id: "inst-1",
            sealed_secret: "",
        };
        let before = told(&kit);
        kit.0.store().take_counts();
        let response = run(kit.0.answer(step.request(&wire).unwrap()));
        verify_body_sign(&response, KIT_KEY).unwrap();
        let answer = Answer::read(&response).unwrap();
        step.check(&wire, &answer).unwrap_or_else(|fault| panic!("{}: {fault}", step.title));
        let silent = again || step.is_rehearsal() || step.title.contains("late");
        assert!(!silent || told(&kit) == before, "{} is told", step.title);
        let (reads, writes) = kit.0.store().take_counts();
        let most = if step.is_rehearsal() { (0, 0) } else { (2, 3) };
        assert!(reads <= most.0 && writes <= most.1, "{}: {reads}, {writes}", step.title);
    }
    kit
}

const TENANT: &str = "68cbc86abc2018ab880d92f36422fa0e";

fn subjects() -> [Subject; 3] {
    let tenant = || TenantId::parse(TENANT).unwrap();
    let app = AppId::parse("8f3a1c0e-7b44-4a10-9a65-0d8a7f6b1c22").unwrap();
    [
        Subject::Tenant(instance("inst-1"), tenant()),
        Subject::Users(instance("inst-1"), tenant(), app),
        Subject::Departments(instance("inst-1"), tenant()),
    ]
}

fn told(kit: &Kit) -> [Vec<&'static str>; 3] {
    subjects().map(|subject| kit.kinds(&subject))
}

#[test]
fn a_v1_enterprise_lives() {
    let kit = play(&scenario::enterprise_v1("inst-1", "CS1", NOW));
    let [tenant, users, departments] = told(&kit);
    assert_eq!(tenant, ["tenant.deleted", "tenant.put", "tenant.deleted"]);
    let people = "put put put put deleted deleted";
    assert_eq!(users.join(" ").replace("users.", ""), people);
    assert_eq!(departments, DEPARTMENTS);
}

#[test]
fn a_v2_enterprise_lives() {
    let kit = play(&scenario::enterprise_v2("inst-1", "CS1", NOW));
    let [tenant, users, departments] = told(&kit);
    assert_eq!(tenant, ["tenant.deleted", "tenant.put", "tenant.put", "tenant.deleted"]);
    let people = "put put put put deleted deleted revoked deleted";
    assert_eq!(users.join(" ").replace("users.", ""), people);
    assert_eq!(departments, DEPARTMENTS);
}

/// The list that is written loosely says the same as the one before it.
const DEPARTMENTS: [&str; 7] = [
    "department.put",
    "departments.replaced",
    "department.put",
    "department.put",
    "department.put",
    "department.deleted",
    "department.deleted",
];
