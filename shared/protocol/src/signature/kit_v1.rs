//! Kit calls under V1: the header `authToken` signs the body's top-level members (V1 guide, page
//! "verifying a request body").

mod text;

use text::{Texts, Values};

use super::contract::Interface;
use super::headers::Headers;
use super::joined::{Joined, parse_token, token_mac};
use super::rejection::Rejection;
use super::signer::{Out, signer};
use super::verified::{SignedForm, Verified};
use crate::access_key::{AccessKey, Keyring};
use crate::json::{Document, Outline, Reading};
use crate::mac::Mac;

pub(super) fn verify(
    headers: &Headers<'_>,
    body: &[u8],
    keys: &Keyring,
) -> Result<Verified, Rejection> {
    let signature = signature(headers)?;
    let outline = Outline::of(body)?;
    let (joined, form, key) = match signed(&outline, Reading::First, &signature, keys)? {
        Some(signed) => signed,
        None if outline.names_again() => {
            signed(&outline, Reading::Last, &signature, keys)?.ok_or(Rejection::SignatureWrong)?
        }
        None => return Err(Rejection::SignatureWrong),
    };
    // If a member is repeated with different values, koohook executes neither reading.
    if outline.names_again() && Document::parse(body)?.conflicting {
        return Err(Rejection::BodyConflicting);
    }
    joined.verified(Interface::Kit, &GUIDE_MEMBERS, form, signature, key)
}

/// Reads the signature. It is only in the header.
pub(super) fn signature(headers: &Headers<'_>) -> Result<[u8; 32], Rejection> {
    parse_token(token(headers)?)
}

/// Checks one reading of a body: first the values as received, then the URL-decoded values.
fn signed<'k>(
    outline: &Outline<'_>,
    reading: Reading,
    signature: &[u8; 32],
    keys: &'k Keyring,
) -> Result<Option<(Joined, SignedForm, &'k AccessKey)>, Rejection> {
    let texts = Texts::new(outline, reading)?;
    let begin = |key: &AccessKey| token_mac(key.as_str(), texts.time_stamp());
    let finish = |_: &AccessKey, mac: Mac| mac.finish();
    for (values, form) in
        [(Values::Received, SignedForm::Received), (Values::Decoded, SignedForm::Decoded)]
    {
        let write = |out: Out<'_>| texts.write(values, out);
        if let Some(key) = signer(keys, signature, begin, finish, write)? {
            return Ok(Some((Joined::new(texts.copied(values)?)?, form, key)));
        }
    }
    Ok(None)
}

/// The value of the only header, without surrounding quotes. The guide's examples have quotes.
fn token<'a>(headers: &Headers<'a>) -> Result<&'a str, Rejection> {
    let token = match headers.auth_token.as_slice() {
        [] => return Err(Rejection::SignatureMissing),
        [token] => *token,
        _ => return Err(Rejection::ParameterRepeated),
    };
    let unquoted = token.strip_prefix('"').and_then(|token| token.strip_suffix('"'));
    Ok(unquoted.unwrap_or(token))
}

/// Every member name of the V1 kit's pages. If a name were missing here, a value could contain that
/// parameter without being rejected.
#[rustfmt::skip]
const GUIDE_MEMBERS: [&str; 18] = [
    "appId", "clientId", "clientSecret", "currentSyncTime", "domainName", "flag", "instanceId",
    "name", "orderId", "orgCode", "orgInfo", "orgName", "parentCode", "tenantCode", "tenantId",
    "testFlag", "timeStamp", "userList",
];

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::access_key::AccessKey;

    const TENANT: &str = r#"{"instanceId":"","orderId":"","tenantId":"68cbc86abc2018ab880d92f36422fa0e","tenantCode":"huawei","name":"测试企业","domainName":"https://example.tenantaccount.com","flag":1,"testFlag":1,"timeStamp":"20260413093539534"}"#;
    const TENANT_TOKEN: &str = "+110ERzcaz24GqeRTKDtvhsBJu58DpGqIiFxWn4AmwY=";
    const USERS: &str = r#"{"instanceId":"inst-1","tenantId":"68cbc86abc2018ab880d92f36422fa0e","appId":"app-1","userList":"[{\"userName\":\"zhangsan01\",\"name\":\"张三\",\"position\":\"\",\"orgCode\":\"123456789\",\"role\":\"admin\",\"enable\":\"true\"}]","currentSyncTime":"20260413093539534","flag":1,"testFlag":0,"timeStamp":"20260413093539534"}"#;
    const USERS_TOKEN: &str = "qBuvjCrqj4Am8+u2+rjJeiP0t6H6bU9i9UI3brQN1hg=";

    fn verified(body: &str, tokens: &[&str]) -> Result<Verified, Rejection> {
        let key = AccessKey::parse("11111111-2222-3333-4444-555555555555").unwrap();
        let keys = Keyring { current: key, previous: None };
        let headers = Headers { auth_token: tokens.to_vec(), ..Headers::default() };
        verify(&headers, body.as_bytes(), &keys)
    }

    /// A library of another language computed the tokens.
    #[test]
    fn a_token_signs_the_members_of_a_body() {
        assert!(verified(TENANT, &[TENANT_TOKEN]).is_ok());
        assert!(verified(USERS, &[USERS_TOKEN]).is_ok());
        assert!(verified(USERS, &[&format!("\"{USERS_TOKEN}\"")]).is_ok());
    }

    /// A caller may URL-encode the token, and a host does not decode headers.
    #[test]
    fn a_token_may_be_url_encoded_in_its_header() {
        let once = crate::query_string::encode(TENANT_TOKEN).to_string();
        assert!(once.contains("%2B") && once.contains("%3D"));
        assert!(verified(TENANT, &[&once]).is_ok());
        let twice = crate::query_string::encode(&once).to_string();
        assert_eq!(verified(TENANT, &[&twice]).err(), Some(Rejection::SignatureMalformed));
    }

    /// The signature may cover the received or the URL-decoded values, and the first or the last
    /// member of a name. A body with conflicting members is never executed.
    #[test]
    fn a_repeated_member_may_be_signed_as_received_or_url_decoded() {
        let token = |joined: &str| {
            let key = "11111111-2222-3333-4444-555555555555";
            let time_stamp = "20260413093539534";
            let joined = format!("{joined}&timeStamp={time_stamp}");
            STANDARD.encode(crate::signature::auth_token(key, time_stamp, &joined))
        };
        let form = |body: &str, joined: &str| {
            let body = format!(r#"{{{body},"timeStamp":"20260413093539534"}}"#);
            verified(&body, &[&token(joined)]).map(|verified| verified.form())
        };
        let conflicting = r#""name":"a%41","name":"b%42""#;
        for joined in ["name=a%41", "name=b%42", "name=aA", "name=bB"] {
            assert_eq!(form(conflicting, joined), Err(Rejection::BodyConflicting), "{joined}");
        }
        assert_eq!(form(conflicting, "name=c"), Err(Rejection::SignatureWrong));
        let same = r#""name":"a%41","\u006eame":"a\u002541""#;
        assert_eq!(form(same, "name=a%41"), Ok(SignedForm::Received));
        assert_eq!(form(same, "name=aA"), Ok(SignedForm::Decoded));
        assert_eq!(form(r#""name":"a+%C3""#, "name=a "), Err(Rejection::SignatureWrong));
    }

    #[test]
    fn another_body_or_token_is_rejected() {
        let wrong = Some(Rejection::SignatureWrong);
        assert_eq!(verified(TENANT, &[USERS_TOKEN]).err(), wrong);
        assert_eq!(
            verified(&TENANT.replace("\"flag\":1", "\"flag\":0"), &[TENANT_TOKEN]).err(),
            wrong
        );
        assert_eq!(verified("[]", &[TENANT_TOKEN]).err(), wrong);
        assert_eq!(verified(TENANT, &[]).err(), Some(Rejection::SignatureMissing));
        let twice = verified(TENANT, &[TENANT_TOKEN, TENANT_TOKEN]).err();
        assert_eq!(twice, Some(Rejection::ParameterRepeated));
        let nested = TENANT.replace("\"huawei\"", "[]");
        assert_eq!(verified(&nested, &[TENANT_TOKEN]).err(), Some(Rejection::BodyMalformed));
        let conflicting = TENANT.replace("\"flag\":1", "\"flag\":0,\"flag\":1");
        assert_eq!(verified(&conflicting, &[TENANT_TOKEN]).err(), Some(Rejection::BodyConflicting));
        let blank = TENANT.replace("\"orderId\":\"\"", "\"orderId\":\" \",\"more\":null");
        assert!(verified(&blank, &[TENANT_TOKEN]).is_ok());
    }
}
