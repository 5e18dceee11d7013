//! Tests of the comparison of an answer with the right answer.

use super::{WIRE, answer, step};
use crate::answer::{Answer, AppInfo, InstanceInfo};
use crate::scenario::{Carries, Contract, Mismatch, State, Step, Value, Wire};

#[test]
fn an_answer_must_have_the_code_id_and_access_data_of_its_step() {
    let asks = |carries| Step { carries, ..step(Contract::V1, Vec::new()) };
    let check = |carries, answer: &Answer| asks(carries).check(&WIRE, answer);
    let bare = answer("000000");
    let other = Answer { instance_id: Some("other".to_owned()), ..bare.clone() };
    let this = Answer { instance_id: Some(WIRE.instance_id.to_owned()), ..bare.clone() };
    let full = Answer { app_info: access(), ..this.clone() };
    let (with, without) = (true, false);

    let code = Mismatch::Code { expected: "000000", found: "000005".to_owned() };
    assert_eq!(check(Carries::Nothing, &answer("000005")), Err(code));
    assert_eq!(check(Carries::Nothing, &bare), Ok(()));
    let any = |access| Carries::AnyInstance { access };
    assert_eq!(check(any(without), &bare), Err(Mismatch::InstanceIdMissing));
    assert_eq!(check(any(without), &other), Ok(()));
    assert_eq!(check(any(with), &other), Err(Mismatch::AccessMissing));
    let own = |access| Carries::ThisInstance { access };
    assert_eq!(check(own(without), &bare), Err(Mismatch::InstanceIdMissing));
    assert_eq!(check(own(without), &other), Err(Mismatch::InstanceIdChanged));
    assert_eq!(check(own(with), &this), Err(Mismatch::AccessMissing));
    assert_eq!(check(own(with), &full), Ok(()));
    let before_purchase = Wire { instance_id: "", ..WIRE };
    assert_eq!(asks(own(without)).check(&before_purchase, &other), Ok(()));
}

#[test]
fn a_list_must_have_the_right_ids_order_and_access_data() {
    let asks = Step {
        carries: Carries::Listed(vec![Value::InstanceId, "b".into()]),
        ..step(Contract::V2, Vec::new())
    };
    let check = |list: &[(&str, Option<AppInfo>)]| {
        let info = list.iter().map(|(id, app_info)| InstanceInfo {
            instance_id: (*id).to_owned(),
            app_info: app_info.clone(),
            usage_info: Vec::new(),
        });
        asks.check(&WIRE, &Answer { info: info.collect(), ..answer("000000") })
    };
    let (this, other) = (WIRE.instance_id, "b");
    assert_eq!(check(&[(this, access()), (other, access())]), Ok(()));
    assert_eq!(check(&[(this, access()), (other, None)]), Err(Mismatch::AccessMissing));
    for wrong in [&[][..], &[(this, access())], &[(other, access()), (this, access())]] {
        let expected = vec![this.to_owned(), other.to_owned()];
        let found = wrong.iter().map(|(id, _)| (*id).to_owned()).collect();
        assert_eq!(check(wrong), Err(Mismatch::Listed { expected, found }));
    }
}

fn access() -> Option<AppInfo> {
    Some(AppInfo {
        front_end_url: "https://app.example.com".to_owned(),
        admin_url: None,
        user_name: None,
        password: None,
        memo: None,
    })
}

/// Only a purchase waits, and only if its right answer is not `000004`.
#[test]
fn a_purchase_waits_if_it_is_answered_000004() {
    let purchase = |carries| Step { carries, ..Step::new(Contract::V2, "", "", State::Active) };
    let buys = purchase(Carries::ThisInstance { access: false });
    assert!(buys.waits(&answer("000004")));
    assert!(!buys.waits(&answer("000005")));
    assert!(!buys.waits(&answer("000000")));
    assert!(!purchase(Carries::Nothing).waits(&answer("000004")));
    assert!(!Step { code: "000004", ..buys }.waits(&answer("000004")));
}
