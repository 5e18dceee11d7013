//! Decision G3, counted by a proxy before the server: a change is one read and one write, and a
//! repeated call is one read. The entries on agendas and in the catalogue cost no round trip.

use domain::catalogue::CatalogueList;
use shell::store::{Store, StoreSetting};
use tests::call::{Koohook, SETTINGS, run};
use tests::dynamodb::{Table, emulator};
use tests::fault_proxy::FaultProxy;
use tests::on_tokio::OnTokio;
use tests::servers::{self, Server};

fn purchase(order: &str) -> [(&str, &str); 4] {
    [
        ("activity", "newInstance"),
        ("orderId", order),
        ("orderLineId", "line"),
        ("businessId", "made-up"),
    ]
}

/// Checks the exchanges of calls with a server behind a proxy.
fn a_change_is_two_exchanges(proxy: &FaultProxy, store: impl Store) {
    let koohook = Koohook::over(store, &SETTINGS);
    let exchanges = |members: &[(&str, &str)]| {
        proxy.pass();
        let answer = run(koohook.v2(members));
        assert_eq!(answer.code, "000000");
        (answer.instance_id, proxy.exchanges().len())
    };
    // The first call connects, and the first write sends the script.
    exchanges(&purchase("A"));
    let (id, count) = exchanges(&purchase("B"));
    let id = id.unwrap();
    assert_eq!(count, 2, "a purchase");
    assert_eq!(exchanges(&purchase("B")).1, 1, "a repeated purchase");
    let freeze =
        [("activity", "updateInstanceStatus"), ("instanceId", id.as_str()), ("status", "FREEZE")];
    assert_eq!(exchanges(&freeze).1, 2, "a change that moves the entry to another list");
    let frozen = run(koohook.store().catalogue(CatalogueList::FrozenInstances, None, 9)).unwrap();
    assert_eq!(frozen.len(), 1, "the change moved the entry");
}

#[test]
fn a_change_is_two_round_trips_over_redis() {
    let Some(setting) = servers::setting(Server::Redis) else { return };
    let (proxy, setting) = FaultProxy::before(&setting);
    let store = servers::run(StoreSetting::parse(&setting).unwrap().open(false)).unwrap();
    a_change_is_two_exchanges(&proxy, OnTokio(store));
}

#[test]
fn a_change_is_two_round_trips_over_dynamodb() {
    let Some(endpoint) = emulator() else { return };
    let table = Table::new(&endpoint);
    let proxy = FaultProxy::to(endpoint.strip_prefix("http://").unwrap());
    let through = table.setting.replace(&endpoint, &format!("http://{}", proxy.address));
    a_change_is_two_exchanges(&proxy, Table::open(&through));
}
