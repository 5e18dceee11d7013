//! The text of a catalogue entry in a store that sorts texts: the key, and the digest of the order.
//! Texts have the same order as their keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::catalogue::OrderDigest;

/// How the text of a key's entry begins: the key and a zero. A zero in the key is followed by a
/// character that sorts after every character of a digest.
pub(super) fn start(key: &str) -> String {
    let mut text = key.replace(END, ESCAPED);
    text.push(END);
    text
}

/// How the text of an entry ends: the digest; nothing if there is none.
pub(super) fn end(order: Option<OrderDigest>) -> String {
    order.map_or_else(String::new, |OrderDigest(digest)| URL_SAFE_NO_PAD.encode(digest))
}

/// Reads the key from the text of an entry.
#[cfg(feature = "redis")]
pub(super) fn read_key(text: &str) -> Option<String> {
    text.rsplit_once(END).map(|(key, _)| key.replace(ESCAPED, "\0"))
}

/// Reads the digest from the text of an entry. The text may have lost a part of its key.
pub(super) fn read_order(text: &str) -> Option<OrderDigest> {
    text.rsplit_once(END).and_then(|(_, end)| read_end(end))
}

/// Reads the digest from the end of an entry's text.
pub(super) fn read_end(end: &str) -> Option<OrderDigest> {
    Some(OrderDigest(URL_SAFE_NO_PAD.decode(end).ok()?.try_into().ok()?))
}

/// The character between the key and the digest.
const END: char = '\0';
/// This character in a key. No digest contains `~`.
const ESCAPED: &str = "\0~";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_order_of_their_keys_and_are_read_again() {
        let orders = [None, Some(OrderDigest([0; 12])), Some(OrderDigest([0xff; 12]))];
        let keys = ["", "\0", "\0\0", "\0a", "a", "a\0", "a\0\0z", "a\0a", "a\0~", "a\u{1}", "ab"];
        assert!(keys.is_sorted());
        let text = |key: &str, order| start(key) + &end(order);
        for (at, key) in keys.into_iter().enumerate() {
            for order in orders {
                let entry = text(key, order);
                assert_eq!((read_key(&entry).as_deref(), read_order(&entry)), (Some(key), order));
                for greater in &keys[at + 1..] {
                    let texts = orders.map(|order| text(greater, order));
                    assert!(texts.iter().all(|text| entry < *text), "{key:?} {greater:?}");
                }
            }
        }
    }
}
