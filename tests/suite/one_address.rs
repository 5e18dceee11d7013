//! The shared endpoint and a single function give byte-identical answers. A single function answers
//! only its own activity (decision A2).

use domain::page::Row;
use http::{Request, Response};
use protocol::message::Activity;
use protocol::signature::{Contract, Interface};
use simulator::answer::Answer;
use simulator::scenario::{self, Step, Wire};
use tests::call::{ADDRESS, BASE_KEY, Koohook, SETTINGS, run};
use tests::shared_store::Shared;
use tests::world::NOW;

/// Answers requests: the shared endpoint or a single function.
type Answerer = Box<dyn Fn(Request<Vec<u8>>) -> Response<Vec<u8>>>;

fn function(rows: &[Row], store: Shared) -> Answerer {
    let koohook = Koohook::serving(rows, store, &SETTINGS);
    Box::new(move |request| run(koohook.answer(request)))
}

/// Each activity's own function, over one store.
fn functions() -> Vec<(Activity, Answerer)> {
    let store = Shared::default();
    let own = |row: Row| (row.activity, function(&[row], store.clone()));
    functions::BASE.map(own).into()
}

fn activity_of(step: &Step) -> Activity {
    let contract = match step.call.contract {
        scenario::Contract::V1 => Contract::V1,
        scenario::Contract::V2 => Contract::V2,
        scenario::Contract::KitV1 | scenario::Contract::KitV2 => {
            panic!("kit calls do not go to this endpoint")
        }
    };
    let Some((_, scenario::Value::Text(word))) = step.call.members.first() else {
        panic!("the first member of a step is its activity")
    };
    Activity::named(Interface::Base, contract, word).unwrap()
}

/// Sends each step of a scenario to the endpoint and to the functions, and compares the answers.
fn play(steps: &[Step]) {
    let endpoint = function(&functions::BASE, Shared::default());
    let functions = functions();
    let mut instance_id = String::new();
    for (number, step) in steps.iter().flat_map(|step| [step, step]).enumerate() {
        let nonce = format!("nonce-{number}");
        let wire = Wire {
            address: ADDRESS,
            access_key: BASE_KEY,
            kit_key: "",
            sealed_secret: "",
            now_millis: NOW + u64::try_from(number).unwrap(),
            business_id: &nonce,
            nonce: &nonce,
            instance_id: &instance_id,
        };
        let by_endpoint = endpoint(step.request(&wire).unwrap());
        let answer = Answer::read(&by_endpoint).unwrap();
        step.check(&wire, &answer).unwrap_or_else(|fault| panic!("{}: {fault}", step.title));
        for (activity, function) in &functions {
            let by_function = function(step.request(&wire).unwrap());
            if *activity == activity_of(step) {
                assert_eq!(by_function.body(), by_endpoint.body(), "{}", step.title);
                assert_eq!(by_function.headers(), by_endpoint.headers(), "{}", step.title);
            } else {
                let answer = Answer::read(&by_function).unwrap();
                assert_eq!(answer.code, "000002", "{} at {activity:?}", step.title);
            }
        }
        if let Some(id) = step.learn(&answer) {
            id.clone_into(&mut instance_id);
        }
    }
}

#[test]
fn a_v1_scenario_gets_the_same_answers_from_endpoint_and_functions() {
    play(&scenario::v1("CS1", NOW));
}

#[test]
fn a_v2_scenario_gets_the_same_answers_from_endpoint_and_functions() {
    play(&scenario::v2("CS1", NOW));
}

#[test]
fn pay_per_use_scenarios_get_the_same_answers_from_endpoint_and_functions() {
    let both = [scenario::pay_per_use_v1("CS1"), scenario::pay_per_use_v2("CS1")];
    both.as_flattened().iter().for_each(|steps| play(steps));
}
