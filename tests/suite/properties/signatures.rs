//! koohook verifies exactly the calls that were signed.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use protocol::access_key::{AccessKey, Keyring};
use protocol::json::Scalars;
use protocol::result_code::ResultCode;
use protocol::signature::{Contract, Headers, Interface, TimestampUnit, Unverified, Verified};
use protocol::time::UnixMillis;
use tests::call::{BASE_KEY, v1, v2_body};
use tests::world::NOW;

use super::canonical::slowly_canonical;
use super::{Tree, all_escaped, as_jackson, cases, members, text, to_text, tree};

fn keys() -> Keyring {
    Keyring { current: AccessKey::parse(BASE_KEY).unwrap(), previous: None }
}

fn verified(request: &http::Request<Vec<u8>>, contract: Contract) -> Result<Verified, ResultCode> {
    let query = request.uri().query().unwrap();
    unverified(contract, query, request.body())
        .verify(&keys(), TimestampUnit::Milliseconds, UnixMillis::new(NOW))
        .map_err(ResultCode::from)
}

fn unverified<'a>(contract: Contract, query: &'a str, body: &'a [u8]) -> Unverified<'a> {
    Unverified { interface: Interface::Base, contract, query, headers: Headers::default(), body }
}

/// Parameters that do not belong to the signature itself.
fn parameters() -> impl Strategy<Value = Vec<(String, String)>> {
    btree_map("[A-Za-z0-9_.-]{1,12}", text(), 0..10)
        .prop_map(|map| map.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

pub(super) fn borrowed(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn a_verified_v1_call_has_the_parameters_that_were_signed(parameters in parameters()) {
        let request = v1(NOW, &borrowed(&parameters));
        let verified = verified(&request, Contract::V1).unwrap();
        let time_stamp = simulator::time::to_the_millisecond(NOW);
        let mut signed = borrowed(&parameters);
        signed.push(("timeStamp", &time_stamp));
        signed.sort_unstable();
        let members = verified.members().iter();
        let read: Vec<_> = members.map(|(name, value)| (name.as_str(), value.as_text().unwrap())).collect();
        prop_assert_eq!(read, signed);
        prop_assert_eq!(verified.signed_at(), Some(UnixMillis::new(NOW)));
    }

    #[test]
    fn a_v1_call_with_a_changed_value_is_rejected(
        parameters in parameters(),
        place: Index,
        other in text(),
    ) {
        prop_assume!(!parameters.is_empty());
        let mut changed = parameters.clone();
        let at = place.index(changed.len());
        prop_assume!(changed[at].1 != other);
        changed[at].1 = other;
        let time_stamp = simulator::time::to_the_millisecond(NOW);
        let token = simulator::v1::auth_token(BASE_KEY, &time_stamp, &borrowed(&parameters));
        let honest = v1(NOW, &borrowed(&changed));
        let theirs = simulator::v1::auth_token(BASE_KEY, &time_stamp, &borrowed(&changed));
        let escaped = |token: &str| token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let forged = honest.uri().to_string().replace(&escaped(&theirs), &escaped(&token));
        let forged = http::Request::get(forged).body(Vec::new()).unwrap();
        prop_assert_eq!(verified(&forged, Contract::V1).err(), Some(ResultCode::AuthenticationFailed));
    }

    #[test]
    fn a_v2_body_is_rejected_if_one_byte_changes(
        members in members(tree()),
        place: Index,
        flip in 1..=u8::MAX,
    ) {
        let body = to_text(&Tree::Object(members), "", &as_jackson).into_bytes();
        let signed = v2_body(NOW, &body);
        prop_assert!(verified(&signed, Contract::V2).is_ok());
        let (head, mut body) = signed.into_parts();
        let at = place.index(body.len());
        body[at] ^= flip;
        let forged = http::Request::from_parts(head, body);
        prop_assert_eq!(verified(&forged, Contract::V2).err(), Some(ResultCode::AuthenticationFailed));
    }

    #[test]
    fn a_v2_body_is_verified_in_every_equivalent_form(
        members in members(tree()),
        space in select(vec!["", " ", "\r\n"]),
        escaped: bool,
    ) {
        let signed = slowly_canonical(&members, Scalars::AsText);
        let (head, _) = v2_body(NOW, signed.as_bytes()).into_parts();
        let written: &dyn Fn(&str) -> String = if escaped { &all_escaped } else { &as_jackson };
        let sent = to_text(&Tree::Object(members), space, written).into_bytes();
        let request = http::Request::from_parts(head, sent);
        prop_assert!(verified(&request, Contract::V2).is_ok());
    }

    #[test]
    fn an_unsigned_call_with_any_content_is_rejected(query in text(), body in vec(any::<u8>(), 0..64)) {
        for contract in [Contract::V1, Contract::V2] {
            let call = unverified(contract, &query, &body);
            let now = UnixMillis::new(NOW);
            prop_assert!(call.verify(&keys(), TimestampUnit::Milliseconds, now).is_err());
        }
    }
}
