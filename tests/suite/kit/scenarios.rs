//! The lifecycle of an enterprise, as the simulated marketplace sends it.

use simulator::scenario::{self, Step, Wire};

use super::*;

fn play(steps: &[Step]) -> Kit {
    let kit = Kit::new();
    // The page of applications has its own subject.
    let steps = steps.iter().filter(|step| step.call.page != "applicationSync");
    let repeated = steps.flat_map(|step| [(step, false), (step, true)]);
    for (number, (step, is_repeat)) in (0..).zip(repeated) {
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
        let before = kinds(&kit);
        kit.0.store().take_counts();
        let response = run(kit.0.answer(step.request(&wire).unwrap()));
        verify_body_sign(&response, KIT_KEY).unwrap();
        let answer = Answer::read(&response).unwrap();
        step.check(&wire, &answer).unwrap_or_else(|fault| panic!("{}: {fault}", step.title));
        let silent = is_repeat || step.is_rehearsal() || step.title.contains("late");
        assert!(!silent || kinds(&kit) == before, "{} sent a notice", step.title);
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

fn kinds(kit: &Kit) -> [Vec<&'static str>; 3] {
    subjects().map(|subject| kit.kinds(&subject))
}

#[test]
fn a_v1_enterprise_has_a_whole_lifecycle() {
    let kit = play(&scenario::enterprise_v1("inst-1", "CS1", NOW));
    let [tenant, users, departments] = kinds(&kit);
    assert_eq!(tenant, ["tenant.deleted", "tenant.put", "tenant.deleted"]);
    let people = "put put put put deleted deleted";
    assert_eq!(users.join(" ").replace("users.", ""), people);
    assert_eq!(departments, DEPARTMENTS);
}

#[test]
fn a_v2_enterprise_has_a_whole_lifecycle() {
    let kit = play(&scenario::enterprise_v2("inst-1", "CS1", NOW));
    let [tenant, users, departments] = kinds(&kit);
    assert_eq!(tenant, ["tenant.deleted", "tenant.put", "tenant.put", "tenant.deleted"]);
    let people = "put put put put deleted deleted revoked deleted";
    assert_eq!(users.join(" ").replace("users.", ""), people);
    assert_eq!(departments, DEPARTMENTS);
}

/// The list with the looser form has the same content as the one before it, so it has no notice.
const DEPARTMENTS: [&str; 7] = [
    "department.put",
    "departments.replaced",
    "department.put",
    "department.put",
    "department.put",
    "department.deleted",
    "department.deleted",
];
