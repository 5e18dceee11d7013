//! The ledger of orders: which orders were carried out for an entity. koohook compares a repeat
//! with the first call.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use protocol::digest;
use protocol::message::{Activity, Details, OrderId, OrderLineId};

/// One purchase or change, as the marketplace repeats it (decision C3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Order {
    identity: [u8; 16],
    meaning: [u8; 8],
    purchase: bool,
}

impl Order {
    /// The order of a call. Its identity is activity, scene, order and line. Its meaning is a
    /// digest of the other fields.
    pub fn new(
        activity: Activity,
        scene: &str,
        order_id: &OrderId,
        order_line_id: Option<&OrderLineId>,
        details: &Details,
    ) -> Self {
        Self {
            identity: identity(activity, scene, order_id, order_line_id),
            meaning: meaning(details),
            purchase: activity == Activity::NewInstance,
        }
    }

    fn to_row(self) -> Row {
        let mut row = [0; ROW_LEN];
        let bytes = self.identity.into_iter().chain(self.meaning);
        row.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        row
    }
}

/// The relation of a call's order to the ledger of an entity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recall {
    /// The order is new.
    Fresh,
    /// The order was carried out before. The call is answered again and has no effect.
    Repeat,
    /// The order was carried out before with another meaning. The first meaning stays.
    Conflict,
}

/// The orders that were carried out for an entity: digests of 24 bytes, the purchase first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Ledger {
    purchase: Option<Row>,
    later: Vec<Row>,
    dropped: u32,
}

const ROW_LEN: usize = 24;
type Row = [u8; ROW_LEN];

/// The most orders that the ledger keeps. With one renewal a month this is two decades. If the
/// ledger is full, it drops the oldest renewal or upgrade, never the purchase.
pub const MAX_ORDERS: usize = 256;

impl Ledger {
    /// Compares an order with the ledger.
    pub fn recall(&self, order: &Order) -> Recall {
        let row = order.to_row();
        let known = self.purchase.iter().chain(&self.later);
        let same_order = |stored: &&Row| stored.first_chunk::<16>() == Some(&order.identity);
        match known.clone().find(same_order) {
            None => Recall::Fresh,
            Some(stored) if *stored == row => Recall::Repeat,
            Some(_) => Recall::Conflict,
        }
    }

    /// Adds an order that is being carried out.
    pub fn remember(&mut self, order: &Order) {
        if order.purchase {
            self.purchase = Some(order.to_row());
            return;
        }
        self.later.push(order.to_row());
        if self.later.len() > MAX_ORDERS - 1 {
            self.later.remove(0);
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Whether the purchase is this order line. `None` if the ledger does not contain the purchase:
    /// the instance was imported.
    pub fn is_purchase(&self, order_id: &OrderId, line: Option<&OrderLineId>) -> Option<bool> {
        let identity = identity(Activity::NewInstance, "", order_id, line);
        self.purchase.map(|purchase| purchase.first_chunk::<16>() == Some(&identity))
    }

    /// The number of orders that were dropped to make room.
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }
}

fn identity(
    activity: Activity,
    scene: &str,
    order_id: &OrderId,
    order_line_id: Option<&OrderLineId>,
) -> [u8; 16] {
    let line = order_line_id.map_or("", OrderLineId::as_str);
    digest::of(&[activity.as_str(), scene, order_id.as_str(), line])
}

/// A digest of the fields that give a request its meaning. It leaves out members that differ from
/// repeat to repeat, and members that the guide does not name (decision C6).
fn meaning(details: &Details) -> [u8; 8] {
    let mut parts = Vec::new();
    for (name, value) in &details.named {
        if !PASSING.contains(&name.as_str()) {
            parts.extend([name.clone(), value.to_string()]);
        }
    }
    digest::of(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The members that may differ in a repeat.
const PASSING: [&str; 3] = ["acceptanceTime", "activity", "businessId"];

/// The stored form: all rows in one base64 text. The first row is the purchase, or zeros if no
/// purchase is known.
#[derive(Deserialize, Serialize)]
struct Stored {
    rows: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    dropped: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl From<Stored> for Ledger {
    fn from(stored: Stored) -> Self {
        let bytes = STANDARD_NO_PAD.decode(stored.rows).unwrap_or_default();
        let (rows, _) = bytes.as_chunks::<ROW_LEN>();
        let mut rows = rows.iter().copied();
        let purchase = rows.next().filter(|row| *row != [0; ROW_LEN]);
        Self { purchase, later: rows.collect(), dropped: stored.dropped }
    }
}

impl From<Ledger> for Stored {
    fn from(ledger: Ledger) -> Self {
        let purchase = ledger.purchase.unwrap_or([0; ROW_LEN]);
        let bytes = [&[purchase], ledger.later.as_slice()].concat().concat();
        Self { rows: STANDARD_NO_PAD.encode(bytes), dropped: ledger.dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(activity: Activity, number: usize, meaning: &str) -> Order {
        let mut details = Details::default();
        details.named.insert("expireTime".to_owned(), meaning.into());
        details.named.insert("businessId".to_owned(), number.into());
        let id = OrderId::parse(&format!("CS{number}")).unwrap();
        Order::new(activity, "", &id, None, &details)
    }

    #[test]
    fn a_repeat_with_another_meaning_is_a_conflict() {
        let mut ledger = Ledger::default();
        let first = order(Activity::RefreshInstance, 1, "a");
        assert_eq!(ledger.recall(&first), Recall::Fresh);
        ledger.remember(&first);
        assert_eq!(ledger.recall(&first), Recall::Repeat);
        assert_eq!(ledger.recall(&order(Activity::RefreshInstance, 1, "b")), Recall::Conflict);
        assert_eq!(ledger.recall(&order(Activity::UpgradeInstance, 1, "a")), Recall::Fresh);
    }

    #[test]
    fn the_ledger_knows_the_order_line_of_its_purchase() {
        let id = |text: &str| OrderId::parse(text).unwrap();
        let line = |text: &str| OrderLineId::parse(text).unwrap();
        let mut ledger = Ledger::default();
        assert_eq!(ledger.is_purchase(&id("CS1"), None), None);
        let details = Details::default();
        let activity = Activity::NewInstance;
        ledger.remember(&Order::new(activity, "", &id("CS1"), Some(&line("L1")), &details));
        assert_eq!(ledger.is_purchase(&id("CS1"), Some(&line("L1"))), Some(true));
        for other in [None, Some(line("L2"))] {
            assert_eq!(ledger.is_purchase(&id("CS1"), other.as_ref()), Some(false));
        }
        assert_eq!(ledger.is_purchase(&id("CS2"), Some(&line("L1"))), Some(false));
    }

    #[test]
    fn the_ledger_never_drops_the_purchase() {
        let mut ledger = Ledger::default();
        let purchase = order(Activity::NewInstance, 0, "a");
        ledger.remember(&purchase);
        (1..=300)
            .for_each(|number| ledger.remember(&order(Activity::RefreshInstance, number, "a")));
        assert_eq!(ledger.recall(&purchase), Recall::Repeat);
        assert_eq!(ledger.recall(&order(Activity::RefreshInstance, 45, "a")), Recall::Fresh);
        assert_eq!(ledger.recall(&order(Activity::RefreshInstance, 46, "a")), Recall::Repeat);
        assert_eq!(ledger.dropped(), 45);
    }

    #[test]
    fn a_stored_ledger_is_read_back_unchanged() {
        let mut ledger = Ledger::default();
        for with_purchase in [false, true] {
            if with_purchase {
                ledger.remember(&order(Activity::NewInstance, 0, "a"));
            }
            ledger.remember(&order(Activity::RefreshInstance, 1, "a"));
            let text = serde_json::to_string(&ledger).unwrap();
            assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
        }
    }
}
