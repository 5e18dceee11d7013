//! `queryInstance` for IDs that an older server gave. A comma separates IDs, and an ID may contain
//! a comma (decisions C7, D8).

use domain::instance::{Access, Instance};
use domain::record::EntityRecord;
use protocol::app_info::AppInfo;
use protocol::message::{InstanceId, OrderId};
use shell::store::memory::Memory;
use simulator::answer::Answer;
use tests::call::{Koohook, SETTINGS, run};

type Served = Koohook<Memory>;

/// A koohook with instances under these IDs. Each has its own address. An instance whose ID begins
/// with `p` is not ready yet.
fn served(ids: &[&str]) -> Served {
    let koohook = Koohook::over(Memory::new(), &SETTINGS);
    for id in ids {
        let info = AppInfo { front_end_url: format!("https://{id}.example"), ..AppInfo::default() };
        let access = if id.starts_with('p') { Access::Pending } else { Access::Ready(info) };
        let order = OrderId::parse("CS1").unwrap();
        let instance = Instance::created(InstanceId::parse(id).unwrap(), order, access);
        run(koohook.keep(id, &EntityRecord::new(instance.into())));
    }
    let _ = koohook.store().take_counts();
    koohook
}

/// The result code, the IDs in the answer and the number of reads. V1 and V2 must agree.
fn query(koohook: &Served, text: &str) -> (String, Vec<String>, usize) {
    let members = [("activity", "queryInstance"), ("instanceId", text)];
    let v2 = run(koohook.v2(&members));
    let _ = koohook.store().take_counts();
    let v1 = run(koohook.v1(&members));
    let (reads, _) = koohook.store().take_counts();
    let ids = |answer: &Answer| -> Vec<String> {
        answer.info.iter().map(|info| info.instance_id.clone()).collect()
    };
    assert_eq!((&v1.code, ids(&v1)), (&v2.code, ids(&v2)), "{text}");
    (v1.code.clone(), ids(&v1), reads)
}

#[test]
fn an_id_with_a_comma_is_one_id() {
    for id in ["a,b", "a,", ",b", "a,,b", "a, b"] {
        let (code, ids, _) = query(&served(&[id]), id);
        assert_eq!((code.as_str(), ids), ("000000", vec![id.to_owned()]), "{id}");
    }
    let (code, ids, _) = query(&served(&["p,b"]), "p,b");
    assert_eq!((code.as_str(), ids.len()), ("000004", 0));
}

#[test]
fn a_text_that_is_not_an_instance_id_is_a_list_of_ids() {
    let koohook = served(&["a", "b", "p"]);
    for (text, code, found) in [
        ("a,b", "000000", vec!["a", "b"]),
        ("b,,a,b", "000000", vec!["b", "a"]),
        ("a,x", "000000", vec!["a"]),
        ("p,x", "000004", vec![]),
        ("x,y", "000003", vec![]),
    ] {
        let (answered, ids, _) = query(&koohook, text);
        assert_eq!(
            (answered.as_str(), ids),
            (code, found.iter().map(|id| (*id).to_owned()).collect()),
            "{text}"
        );
    }
}

/// The text is ambiguous, so the answer has the instance of the whole ID and those of the list.
#[test]
fn a_text_that_is_an_id_and_a_list_gets_an_answer_for_both() {
    let koohook = served(&["a", "a,b", "p"]);
    assert_eq!(query(&koohook, "a,b").1, ["a,b", "a"]);
    // A part of the list that does not exist does not change the answer for the whole ID.
    assert_eq!(query(&served(&["p,x"]), "p,x").0, "000004");
}

/// Each ID costs one read. A text that may be a single ID costs one more (decision G3).
#[test]
fn only_a_short_text_with_a_comma_costs_one_more_read() {
    let koohook = served(&["a"]);
    let ids: Vec<String> = (0..2).map(|digit| digit.to_string().repeat(36)).collect();
    for (text, reads) in [("a", 1), ("a,b", 3), ("a,b,c", 4), (&ids.join(","), 2)] {
        assert_eq!(query(&koohook, text).2, reads, "{text}");
    }
}
