mod order;
mod parts;
mod stored;

use std::collections::BTreeMap;

use protocol::time::UnixMillis;

use super::*;

fn identity(number: usize) -> Identity {
    Identity::new(&["I1", "T1", &number.to_string()])
}

fn content(text: &str) -> Content {
    Content::new(&[text])
}

const fn time(millis: u64) -> UnixMillis {
    UnixMillis::new(millis)
}

fn put(number: usize, text: &str, millis: u64) -> Edit {
    Edit::put(identity(number), content(text), time(millis))
}

fn list(numbers: impl IntoIterator<Item = usize>, text: &str, millis: u64) -> KitListChange {
    let entries = numbers.into_iter().map(|number| (identity(number), content(text)));
    KitListChange::List(List::new(entries, time(millis)))
}

type Parts = BTreeMap<PartName, Vec<u8>>;

fn names(parts: &Parts) -> impl FnMut() -> PartName + use<> {
    let mut number = u128::try_from(parts.len()).unwrap() << 64;
    move || {
        number += 1;
        PartName::new(number.to_be_bytes())
    }
}

/// Applies a change and stores the result. It deletes no part.
fn make(head: &mut Head, parts: &mut Parts, change: &KitListChange) -> Changed {
    let changed = head.apply(change, parts, names(parts)).unwrap();
    parts.extend(changed.parts.clone());
    *head = changed.head.clone().unwrap_or_else(|| head.clone());
    changed
}
