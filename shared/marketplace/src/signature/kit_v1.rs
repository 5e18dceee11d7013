//! V1, joint-operations kit: `authToken` in a header, over the body's top-level members (guide
//! 1.0, page "verifying a request body").

use super::joined::{Joined, parse_token};
use super::{Form, Headers, Interface, Rejection, Verified};
use crate::json::{Document, Json, Members, Winner};
use crate::key::Keyring;
use crate::query::{self, Plus};

pub(super) fn verify(
    headers: &Headers<'_>,
    body: &[u8],
    keys: &Keyring,
) -> Result<Verified, Rejection> {
    let signature = parse_token(token(headers)?)?;
    // What is no JSON has no members, and so no signature could cover it.
    let parse = |winner| Document::parse(body, winner).map_err(|_| Rejection::SignatureWrong);
    let first = parse(Winner::First)?;
    if first.conflicting {
        let signed = |document: Document| {
            Ok(Joined::new(texts(document.members)?)?.signer(keys, &signature).is_some())
        };
        let [by_first, by_last] = [signed(first), parse(Winner::Last).and_then(signed)];
        return Err(if by_first? || by_last? {
            Rejection::BodyConflicting
        } else {
            Rejection::SignatureWrong
        });
    }
    let texts = texts(first.members)?;
    let joined = Joined::new(texts.clone())?;
    let (joined, form, key) = match joined.signer(keys, &signature) {
        Some(key) => (joined, Form::Received, key),
        None => {
            let decoded = Joined::new(decoded(texts)?)?;
            let key = decoded.signer(keys, &signature).ok_or(Rejection::SignatureWrong)?;
            (decoded, Form::Decoded, key)
        }
    };
    joined.verified(Interface::Kit, &GUIDE_MEMBERS, form, signature, key)
}

/// The one header, without the pair of quotes that the guide prints around it.
fn token<'a>(headers: &Headers<'a>) -> Result<&'a str, Rejection> {
    let token = match headers.auth_token.as_slice() {
        [] => return Err(Rejection::SignatureMissing),
        [token] => *token,
        _ => return Err(Rejection::ParameterRepeated),
    };
    let unquoted = token.strip_prefix('"').and_then(|token| token.strip_suffix('"'));
    Ok(unquoted.unwrap_or(token))
}

/// Members as texts: blank ones are not signed and count as absent; V1 nests nothing.
fn texts(members: Members) -> Result<Vec<(String, String)>, Rejection> {
    let mut texts = Vec::with_capacity(members.len());
    for (name, value) in members {
        match value {
            Json::Array(_) | Json::Object(_) => return Err(Rejection::BodyMalformed),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
                let text = value.as_text().filter(|text| !text.chars().all(is_java_white_space));
                texts.extend(text.map(|text| (name, text.to_owned())));
            }
        }
    }
    Ok(texts)
}

/// White space as the sample's `StringUtils.isBlank` sees it: no space that keeps words together,
/// but the separators of files and records.
fn is_java_white_space(letter: char) -> bool {
    let keeps_together = matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}');
    matches!(letter, '\u{1c}'..='\u{1f}') || (letter.is_whitespace() && !keeps_together)
}

/// The guide says that values are URL-encoded; its sample and its examples say otherwise.
fn decoded(texts: Vec<(String, String)>) -> Result<Vec<(String, String)>, Rejection> {
    let decode = |(name, text): (String, String)| {
        let text = query::decode(&text, Plus::Space).ok_or(Rejection::SignatureWrong)?;
        Ok((name, text.into_owned()))
    };
    texts.into_iter().map(decode).collect()
}

/// Every member name of the V1 kit's pages. One that is missing here could be folded into
/// another's value.
#[rustfmt::skip]
const GUIDE_MEMBERS: [&str; 18] = [
    "appId", "clientId", "clientSecret", "currentSyncTime", "domainName", "flag", "instanceId",
    "name", "orderId", "orgCode", "orgInfo", "orgName", "parentCode", "tenantCode", "tenantId",
    "testFlag", "timeStamp", "userList",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::AccessKey;

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

    /// Made with another language's library.
    #[test]
    fn bodies_are_signed_by_their_members() {
        assert!(verified(TENANT, &[TENANT_TOKEN]).is_ok());
        assert!(verified(USERS, &[USERS_TOKEN]).is_ok());
        assert!(verified(USERS, &[&format!("\"{USERS_TOKEN}\"")]).is_ok());
    }

    /// Answers of Java's `Character.isWhitespace`.
    #[test]
    fn blank_is_what_java_calls_so() {
        for letter in [' ', '\t', '\u{b}', '\u{1c}', '\u{1f}', '\u{2003}', '\u{3000}'] {
            assert!(is_java_white_space(letter), "{letter:?}");
        }
        for letter in ['\u{a0}', '\u{2007}', '\u{202f}', '\u{85}', '\u{200b}', 'a'] {
            assert!(!is_java_white_space(letter), "{letter:?}");
        }
    }

    #[test]
    fn any_other_body_or_token_is_not() {
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
