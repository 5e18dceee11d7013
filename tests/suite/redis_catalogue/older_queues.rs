//! Writes of a koohook without an agenda for usage.

use ::redis::{Value as Answer, cmd};
use domain::catalogue::CatalogueList;
use protocol::time::UnixMillis;
use shell::store::{Put, Queue, Store, Value, Version};
use tests::servers::run;
use tests::world::NOW;

use super::{NOON, everywhere, fresh, listed, put, values};

/// The script of a write before the agenda of usage, as koohook sent it.
const PUT_WITHOUT_USAGE: &str = include_str!("put_without_usage.lua");

/// Both write the same store during an update. The older one writes no usage.
#[test]
fn a_koohook_with_an_agenda_of_usage_uses_the_values_of_one_without() {
    let Some((prefix, store, mut server)) = fresh() else { return };
    let name = |part: &str| format!("{prefix}:{{c}}:{part}");
    let mut older = |over: &[u8], number: u8| {
        let mut put = cmd("EVAL");
        put.arg(PUT_WITHOUT_USAGE).arg(5).arg(name("kept:a"));
        put.arg(&["due", "dead", "sweep"].map(|queue| name(&format!("agenda:{queue}"))));
        put.arg(name("catalogue"));
        put.arg(over).arg(NOW).arg(&[number; 16]).arg(&[number]).arg("").arg("");
        put.arg("4").arg(NOW).arg("a").arg(NOW).arg("a\0").arg("");
        put.query::<Vec<Answer>>(&mut server).unwrap().swap_remove(0)
    };
    let on_agendas = || {
        Queue::ALL.map(|queue| run(store.agenda(queue, NOON..=UnixMillis::MAX, 9)).unwrap().len())
    };
    assert_eq!(older(b"", 1), Answer::Int(1), "it wrote");
    assert_eq!((on_agendas(), everywhere(&store).len()), ([0, 0, 1, 0], 1));
    let [found] = <[_; 1]>::try_from(values(&store)).unwrap();
    assert_eq!(found.agenda, Some((Queue::Sweep, NOON)));
    let usage = Value {
        version: Version([2; 16]),
        agenda: Some((Queue::Usage, NOON)),
        catalogue: None,
        ..listed(2, CatalogueList::ActiveInstances, NOW, None)
    };
    assert_eq!(put(&store, "a", &usage, Some(1)), Put::Won);
    assert_eq!((on_agendas(), everywhere(&store).len()), ([0, 0, 0, 1], 0));
    assert_eq!(older(&[1; 16], 3), Answer::Int(0), "it loses to a newer version");
}
