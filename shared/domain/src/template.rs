//! The template of access data: one text for every instance, written by the seller. It is judged
//! when it is read, since the next to see its faults would be a buyer.

use serde_json::{Map, Value};
use thiserror::Error;

use protocol::app_info::{AppInfo, AppInfoError, limit};
use protocol::query;
use protocol::text::{nearest, unseen};

/// Access data with placeholders, the same for every instance but for what they name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(AppInfo);

/// Why a text is not a template. Names the member, never the value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum TemplateError {
    /// Not JSON at all.
    #[error("is not JSON from line {line}, column {column} on; wants an object like {}", EXAMPLE)]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// An array, a text, a number.
    #[error("is not a JSON object; wants one like {}", EXAMPLE)]
    NotAnObject,
    /// A member that the guide does not have, and the one that it looks like.
    #[error("has an unknown member; did you mean {0}?")]
    NearMember(&'static str),
    /// A member that the guide does not have.
    #[error(
        "has an unknown member; it may have frontEndUrl, adminUrl, userName, password and memo"
    )]
    UnknownMember,
    /// A member that is a number, a list, an object.
    #[error("has a {0} that is not text; write it in quotes")]
    NotText(&'static str),
    /// A member comes more than once.
    #[error("has a member twice; leave one")]
    Twice,
    /// The one mandatory member is missing.
    #[error("lacks frontEndUrl, the address where the buyer logs in")]
    NoFrontEndUrl,
    /// No address.
    #[error("has a {0} that is not an address; it wants https:// or http:// and a host")]
    NotAnAddress(&'static str),
    /// What is filled in is an ID: no part of a host's name.
    #[error("has a placeholder in the host of {0}; put it into the path or the query")]
    InHost(&'static str),
    /// Something in braces that nothing is filled into, and the placeholder that it looks like.
    #[error("has an unknown placeholder in {0}; did you mean {1}?")]
    NearPlaceholder(&'static str, &'static str),
    /// Something in braces that nothing is filled into.
    #[error("has an unknown placeholder in {0}; koohook fills in {{instanceId}} and {{orderId}}")]
    UnknownPlaceholder(&'static str),
    /// `${instanceId}`, `{{instanceId}}`: the signs around it would stay.
    #[error("has signs around a placeholder in {0}; write it as {{instanceId}} or {{orderId}}")]
    Wrapped(&'static str),
    /// An unseen character, or a blank where it changes the meaning.
    #[error("has a blank or an unseen character in {0}; type it anew")]
    Unseen(&'static str),
    /// Longer than the guide allows.
    #[error("has a {0} that is too long: at most {1} once the IDs are filled in")]
    TooLong(&'static str, &'static str),
}

const EXAMPLE: &str = r#"{"frontEndUrl":"https://…"}"#;

/// What a template may name: replaced by the instance's own.
const PLACEHOLDERS: [&str; 2] = ["{instanceId}", "{orderId}"];
const MEMBERS: [&str; 5] = ["frontEndUrl", "adminUrl", "userName", "password", "memo"];
/// Members in which a blank at an end, or an unseen letter, changes the meaning.
const EXACT: [&str; 4] = ["frontEndUrl", "adminUrl", "userName", "password"];
/// Names that other systems have for a member, too far from it for a slip of the pen.
const OTHER_NAMES: [(&str, &str); 9] = [
    ("url", "frontEndUrl"),
    ("frontend", "frontEndUrl"),
    ("loginurl", "frontEndUrl"),
    ("address", "frontEndUrl"),
    ("admin", "adminUrl"),
    ("user", "userName"),
    ("account", "userName"),
    ("pass", "password"),
    ("pwd", "password"),
];
/// The longest ID.
const MAX_ID_LEN: usize = 64;

impl Template {
    /// Reads a template from JSON text.
    ///
    /// # Errors
    /// As [`TemplateError`] says, judged as filled for the longest IDs of plain letters.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let value: Value = serde_json::from_str(text).map_err(|fault| {
            let (line, column) = (fault.line(), fault.column());
            TemplateError::NotJson { line, column }
        })?;
        let Value::Object(members) = value else { return Err(TemplateError::NotAnObject) };
        judge_members(&members)?;
        // Of the faults that serde knows, a member that comes twice is the one that is left.
        let info: AppInfo = serde_json::from_str(text).map_err(|_| TemplateError::Twice)?;
        judge_texts(&members)?;
        let template = Self(info);
        let sample = "0".repeat(MAX_ID_LEN);
        template.fill(&sample, &sample).check().map_err(filled)?;
        Ok(template)
    }

    /// The bare address: what a rehearsal is answered where nobody made a template.
    pub fn of_address(front_end_url: &str) -> Self {
        Self(AppInfo { front_end_url: front_end_url.to_owned(), ..AppInfo::default() })
    }

    /// The access data of one instance. In addresses what is filled in is percent-encoded. IDs of
    /// other letters than ASCII's, which the marketplace does not make, are cut if they do not fit.
    pub fn fill(&self, instance_id: &str, order_id: &str) -> AppInfo {
        let ids = [instance_id, order_id];
        let whole = self.filled(ids, |id| id.to_owned(), |id| query::encode(id).to_string());
        whole.check().unwrap_or_else(|_| {
            self.filled(
                ids,
                |id| cut(id, str::to_owned),
                |id| cut(id, |letter| query::encode(letter).to_string()),
            )
        })
    }

    fn filled(
        &self,
        ids: [&str; 2],
        as_text: impl Fn(&str) -> String,
        in_address: impl Fn(&str) -> String,
    ) -> AppInfo {
        let (texts, addresses) = (ids.map(as_text), ids.map(in_address));
        let plain = |text: &String| replace(text, texts.each_ref().map(String::as_str));
        let address = |text: &String| replace(text, addresses.each_ref().map(String::as_str));
        AppInfo {
            front_end_url: address(&self.0.front_end_url),
            admin_url: self.0.admin_url.as_ref().map(address),
            user_name: self.0.user_name.as_ref().map(plain),
            password: self.0.password.as_ref().map(plain),
            memo: self.0.memo.as_ref().map(plain),
        }
    }
}

/// So many of an ID's letters, each as it is written, as a template has room for.
fn cut(id: &str, write: impl Fn(&str) -> String) -> String {
    let mut cut = String::new();
    for letter in id.chars() {
        let written = write(letter.encode_utf8(&mut [0; 4]));
        if MAX_ID_LEN < cut.len() + written.len() {
            break;
        }
        cut.push_str(&written);
    }
    cut
}

/// Every member is known and a text; the mandatory one is there.
fn judge_members(members: &Map<String, Value>) -> Result<(), TemplateError> {
    for (name, value) in members {
        let Some(known) = MEMBERS.into_iter().find(|known| known == name) else {
            return Err(meant(name).map_or(TemplateError::UnknownMember, TemplateError::NearMember));
        };
        let may_lack = known != "frontEndUrl";
        if !(value.is_string() || (may_lack && value.is_null())) {
            return Err(TemplateError::NotText(known));
        }
    }
    let has_address = members.contains_key("frontEndUrl");
    if has_address { Ok(()) } else { Err(TemplateError::NoFrontEndUrl) }
}

/// The member that an unknown one was meant to be.
fn meant(name: &str) -> Option<&'static str> {
    let letters = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let letters = letters.to_ascii_lowercase();
    let other = OTHER_NAMES.into_iter().find(|(other, _)| *other == letters);
    other.map(|(_, member)| member).or_else(|| nearest(name, MEMBERS))
}

fn judge_texts(members: &Map<String, Value>) -> Result<(), TemplateError> {
    for member in MEMBERS {
        let Some(text) = members.get(member).and_then(Value::as_str) else { continue };
        let is_exact = EXACT.contains(&member);
        if is_exact && (unseen(text).is_some() || text.trim() != text) {
            return Err(TemplateError::Unseen(member));
        }
        let is_address = member.ends_with("Url");
        if is_address {
            judge_address(member, text)?;
        }
        judge_braces(member, text, is_address)?;
    }
    Ok(())
}

fn judge_address(member: &'static str, text: &str) -> Result<(), TemplateError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let rest = rest.filter(|rest| !rest.contains(' ') && !rest.contains('\\'));
    let rest = rest.ok_or(TemplateError::NotAnAddress(member))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains(['{', '}']) {
        Err(TemplateError::InHost(member))
    } else if host.is_empty() {
        Err(TemplateError::NotAnAddress(member))
    } else {
        Ok(())
    }
}

/// No braces are left over that look like a placeholder; in an address none at all.
fn judge_braces(member: &'static str, text: &str, is_address: bool) -> Result<(), TemplateError> {
    let wrapped = |placeholder: &str| {
        let doubled = [format!("{{{placeholder}"), format!("{placeholder}}}")];
        text.contains(&format!("${placeholder}")) || doubled.iter().any(|it| text.contains(it))
    };
    if PLACEHOLDERS.into_iter().any(wrapped) {
        return Err(TemplateError::Wrapped(member));
    }
    let rest = replace(text, ["", ""]);
    let mut braced = rest.split('{').skip(1).filter_map(|after| after.split_once('}'));
    if let Some((name, _)) = braced.find(|(name, _)| is_address || is_name(name)) {
        let near = nearest(name, PLACEHOLDERS);
        let unknown = TemplateError::UnknownPlaceholder(member);
        return Err(near.map_or(unknown, |near| TemplateError::NearPlaceholder(member, near)));
    }
    let is_broken = is_address && rest.contains(['{', '}']);
    if is_broken { Err(TemplateError::UnknownPlaceholder(member)) } else { Ok(()) }
}

/// What a person writes between braces and wants replaced; a password may have other braces.
fn is_name(text: &str) -> bool {
    let name = text.trim();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    name.starts_with(|letter: char| letter.is_ascii_alphabetic()) && name.chars().all(fits)
}

/// What the wire does not take once the IDs are filled in.
fn filled(fault: AppInfoError) -> TemplateError {
    match fault {
        AppInfoError::NotAnObject => TemplateError::NotAnObject,
        AppInfoError::FrontEndUrl => TemplateError::NotAnAddress("frontEndUrl"),
        AppInfoError::TooLong(member) => TemplateError::TooLong(member, limit(member)),
    }
}

/// Replaces in one pass, so that a value which looks like a placeholder stays itself.
fn replace(text: &str, values: [&str; 2]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    'next: while let Some(letter) = rest.chars().next() {
        for (placeholder, value) in PLACEHOLDERS.into_iter().zip(values) {
            if let Some(after) = rest.strip_prefix(placeholder) {
                out.push_str(value);
                rest = after;
                continue 'next;
            }
        }
        out.push(letter);
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = r#""frontEndUrl":"https://a.example""#;

    fn fault(text: &str) -> TemplateError {
        Template::parse(text).expect_err(text)
    }

    /// A template whose member has a text.
    fn with(member: &str, text: &str) -> Result<Template, TemplateError> {
        let mut members = Map::new();
        members.insert("frontEndUrl".to_owned(), "https://a.example".into());
        members.insert(member.to_owned(), text.into());
        Template::parse(&Value::from(members).to_string())
    }

    #[test]
    fn templates_are_filled_field_by_field() {
        let text = r#"{"frontEndUrl":"https://app.example.com/i/{instanceId}?o={orderId}",
            "userName":"admin@{orderId}","password":"a{9}b}","memo":"{\"a\": 1} {instanceId"}"#;
        let filled = Template::parse(text).unwrap().fill("a/b", "{instanceId} 1");
        assert_eq!(filled.front_end_url, "https://app.example.com/i/a%2Fb?o=%7BinstanceId%7D%201");
        assert_eq!(filled.user_name.as_deref(), Some("admin@{instanceId} 1"));
        assert_eq!(filled.password.as_deref(), Some("a{9}b}"));
        assert_eq!(filled.memo.as_deref(), Some("{\"a\": 1} {instanceId"));
    }

    #[test]
    fn an_id_of_odd_letters_is_cut_where_it_does_not_fit() {
        let template = Template::parse(
            r#"{"frontEndUrl":"https://a.example/{instanceId}/{orderId}","userName":"admin@{orderId}",
                "adminUrl":"https://a.example/{orderId}{orderId}"}"#,
        );
        let template = template.unwrap();
        for id in ["😀", "用", "é", "%", "ab用"].map(|letters| letters.repeat(64)) {
            let id: String = id.chars().take(64).collect();
            let filled = template.fill(&id, &id).check().expect("what is filled in fits");
            assert!(query::decode(&filled.front_end_url, query::Plus::Kept).is_some(), "{id}");
        }
        let whole = template.fill(&"用".repeat(8), "CS1");
        assert!(whole.front_end_url.ends_with(&format!("{}/CS1", "%E7%94%A8".repeat(8))));
    }

    #[test]
    fn a_template_fits_the_wire_for_the_longest_id() {
        assert!(with("userName", "admin@{orderId}").is_ok());
        let long = TemplateError::TooLong("userName", "79 bytes");
        assert_eq!(with("userName", "{orderId}@{instanceId}"), Err(long));
        assert_eq!(with("userName", &"用".repeat(27)), Err(long));
        assert!(with("userName", &"用".repeat(26)).is_ok());
    }

    #[test]
    fn what_is_not_an_object_of_known_texts_is_refused() {
        let not_json = fault("{\n  'frontEndUrl': 1}");
        assert_eq!(not_json, TemplateError::NotJson { line: 2, column: 3 });
        assert_eq!(fault("[]"), TemplateError::NotAnObject);
        assert_eq!(fault(r#""https://a.example""#), TemplateError::NotAnObject);
        assert_eq!(fault("{}"), TemplateError::NoFrontEndUrl);
        assert_eq!(fault(r#"{"memo":"a"}"#), TemplateError::NoFrontEndUrl);
        let members = [
            ("username", TemplateError::NearMember("userName")),
            ("frontendUrl", TemplateError::NearMember("frontEndUrl")),
            ("front_end_url", TemplateError::NearMember("frontEndUrl")),
            ("url", TemplateError::NearMember("frontEndUrl")),
            ("passwd", TemplateError::NearMember("password")),
            ("Memo", TemplateError::NearMember("memo")),
            ("tenant", TemplateError::UnknownMember),
            ("", TemplateError::UnknownMember),
        ];
        for (member, expected) in members {
            assert_eq!(with(member, "a"), Err(expected), "{member}");
        }
        for value in ["123456", "true", "[]", "{}", "1.5"] {
            let text = format!(r#"{{{URL},"password":{value}}}"#);
            assert_eq!(fault(&text), TemplateError::NotText("password"), "{value}");
        }
        assert_eq!(fault(r#"{"frontEndUrl":null}"#), TemplateError::NotText("frontEndUrl"));
        assert!(Template::parse(&format!(r#"{{{URL},"password":null}}"#)).is_ok());
        assert_eq!(fault(&format!("{{{URL},{URL}}}")), TemplateError::Twice);
    }

    #[test]
    fn placeholders_that_nothing_is_filled_into_are_refused() {
        let near = TemplateError::NearPlaceholder;
        let cases = [
            ("{instanceID}", near("userName", "{instanceId}")),
            ("{ instanceId }", near("userName", "{instanceId}")),
            ("{instance_id}", near("userName", "{instanceId}")),
            ("{OrderId}", near("userName", "{orderId}")),
            ("{order}", TemplateError::UnknownPlaceholder("userName")),
            ("{tenantId}", TemplateError::UnknownPlaceholder("userName")),
            ("${instanceId}", TemplateError::Wrapped("userName")),
            ("{{orderId}}", TemplateError::Wrapped("userName")),
            ("{orderId}}", TemplateError::Wrapped("userName")),
        ];
        for (text, expected) in cases {
            assert_eq!(with("userName", text), Err(expected), "{text}");
        }
        let address = |text: &str| with("frontEndUrl", text);
        for text in ["https://a.example/{1}", "https://a.example/{", "https://a.example/}"] {
            let unknown = TemplateError::UnknownPlaceholder("frontEndUrl");
            assert_eq!(address(text), Err(unknown), "{text}");
        }
        assert!(address("https://a.example/#{instanceId}").is_ok());
        for text in ["https://{instanceId}.a.example/", "http://{orderId}", "https://a.{x}?b"] {
            assert_eq!(address(text), Err(TemplateError::InHost("frontEndUrl")), "{text}");
        }
    }

    #[test]
    fn addresses_and_credentials_have_no_unseen_letters() {
        for (member, text) in [
            ("frontEndUrl", "https://a.example/\u{200b}"),
            ("frontEndUrl", " https://a.example"),
            ("adminUrl", "https://a.example\n"),
            ("userName", "admin\u{a0}"),
            ("password", "secret "),
            ("password", "\u{feff}secret"),
        ] {
            assert!(matches!(with(member, text), Err(TemplateError::Unseen(_))), "{text:?}");
        }
        assert!(with("password", "two words").is_ok());
        assert!(with("memo", " 欢迎\u{3000}👨\u{200d}👩\n").is_ok());
        for text in ["a.example", "ftp://a.example", "https://", "https:///a", "https://a b/"] {
            let refused = with("adminUrl", text);
            assert_eq!(refused, Err(TemplateError::NotAnAddress("adminUrl")), "{text}");
        }
    }

    #[test]
    fn faults_say_what_to_do_and_no_value() {
        let said = with("usrname", "canary").unwrap_err().to_string();
        assert_eq!(said, "has an unknown member; did you mean userName?");
        let said = with("userName", "{canary}").unwrap_err().to_string();
        let fills = "koohook fills in {instanceId} and {orderId}";
        assert_eq!(said, format!("has an unknown placeholder in userName; {fills}"));
        let said = fault(r#"{"frontEndUrl":"https://a.example","password":42}"#).to_string();
        assert_eq!(said, "has a password that is not text; write it in quotes");
    }
}
