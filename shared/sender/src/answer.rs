//! What the marketplace makes of a seller's answer: the checks of its debugging pages.
//!
//! Neither check asks whether the answer is the right one;
//! [`Step::check`](crate::life::Step::check) does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::mac;

/// An answer that the debugging page could read.
///
/// An empty text counts as an absent one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// `resultCode`, 6 characters; `000000` is success and everything else is not.
    pub code: String,
    /// `resultMsg`, at most 255 characters.
    pub message: String,
    /// `instanceId` of newInstance, at most 64 characters.
    pub instance_id: Option<String>,
    /// `encryptType`: `1` is AES-256 and the default, `2` is AES-128. V1 only.
    pub encrypt_type: Option<String>,
    /// `appInfo` of V1's newInstance.
    pub app_info: Option<AppInfo>,
    /// `info` of queryInstance: empty where the answer has none.
    pub info: Vec<InstanceInfo>,
}

/// How the buyer gets into the product, `appInfo`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppInfo {
    /// `frontEndUrl`, at most 512 characters.
    pub front_end_url: String,
    /// `adminUrl`, at most 512 characters.
    pub admin_url: Option<String>,
    /// `userName`, at most 128 characters: ciphertext under V1, plain under V2.
    pub user_name: Option<String>,
    /// `password`, at most 128 characters: ciphertext under V1, plain under V2.
    pub password: Option<String>,
    /// `memo`, at most 1,024 characters.
    pub memo: Option<String>,
}

/// One instance in the `info` of queryInstance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceInfo {
    /// `instanceId`, at most 64 characters.
    pub instance_id: String,
    /// `appInfo`.
    pub app_info: Option<AppInfo>,
}

/// Why the marketplace counts a call as failed, whatever its result code.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// The HTTP status is not 200.
    #[error("HTTP status is {0}, not 200")]
    Status(StatusCode),
    /// There is not one `Content-Type`, or it is not `application/json`, bare.
    #[error("content type is not application/json")]
    ContentType,
    /// A byte of the body is not ASCII: other text is to be escaped.
    #[error("body is not ASCII")]
    NotAscii,
    /// The body is not one JSON object.
    #[error("body is no JSON object")]
    NotAnObject,
    /// A member that must be there is absent, null or empty.
    #[error("member {0} is missing")]
    Missing(&'static str),
    /// A member has another JSON type than the guide gives it.
    #[error("member {0} has the wrong type")]
    WrongType(&'static str),
    /// A member has more characters than the guide allows.
    #[error("member {name} is longer than {limit} characters")]
    TooLong {
        /// The member, in the guide's spelling.
        name: &'static str,
        /// The most characters that it may have.
        limit: usize,
    },
    /// `resultCode` is not 6 digits.
    #[error("result code is not 6 digits")]
    Code,
    /// There is not one `Body-Sign`, or it does not have the documented form.
    #[error("Body-Sign is not of the documented form")]
    BodySignForm,
    /// `Body-Sign` has the documented form and does not sign these bytes with this key.
    #[error("Body-Sign does not sign the body")]
    BodySign,
}

impl Answer {
    /// Reads an answer as the debugging page does.
    ///
    /// Restates *Interface debugging* and the response tables of both access guides; that all is
    /// ASCII is decision B9.
    ///
    /// # Errors
    ///
    /// The first fault, in the order in which [`Fault`] lists them.
    pub fn read(response: &Response<Vec<u8>>) -> Result<Self, Fault> {
        if response.status() != StatusCode::OK {
            return Err(Fault::Status(response.status()));
        }
        if only(response.headers(), CONTENT_TYPE.as_str()) != Some("application/json") {
            return Err(Fault::ContentType);
        }
        if !response.body().is_ascii() {
            return Err(Fault::NotAscii);
        }
        let body: Map<String, Value> =
            serde_json::from_slice(response.body()).map_err(|_| Fault::NotAnObject)?;
        Self::from_members(&Members(&body))
    }

    fn from_members(members: &Members) -> Result<Self, Fault> {
        Ok(Self {
            code: code(members)?,
            message: members.mandatory("resultMsg", 255)?,
            instance_id: members.optional("instanceId", 64)?,
            encrypt_type: members.optional("encryptType", 3)?,
            app_info: AppInfo::within(members)?,
            info: info(members)?,
        })
    }
}

impl AppInfo {
    fn within(members: &Members) -> Result<Option<Self>, Fault> {
        let Some(value) = members.get("appInfo") else {
            return Ok(None);
        };
        let members = Members(value.as_object().ok_or(Fault::WrongType("appInfo"))?);
        Ok(Some(Self {
            front_end_url: members.mandatory("frontEndUrl", 512)?,
            admin_url: members.optional("adminUrl", 512)?,
            user_name: members.optional("userName", 128)?,
            password: members.optional("password", 128)?,
            memo: members.optional("memo", 1024)?,
        }))
    }
}

impl InstanceInfo {
    fn read(value: &Value) -> Result<Self, Fault> {
        let members = Members(value.as_object().ok_or(Fault::WrongType("info"))?);
        Ok(Self {
            instance_id: members.mandatory("instanceId", 64)?,
            app_info: AppInfo::within(&members)?,
        })
    }
}

/// Checks the header `Body-Sign`: the documented text, over exactly the bytes of the body, with
/// the access key alone.
///
/// The one form accepted is `sign_type="HMAC-SHA256", signature= "…"`, with a space before the
/// second value, as the signature page and every known server write it.
///
/// Restates *Signing the response body* of access guide 1.0.
///
/// # Errors
///
/// [`Fault::BodySignForm`] or [`Fault::BodySign`].
pub fn verify_body_sign(response: &Response<Vec<u8>>, access_key: &str) -> Result<(), Fault> {
    let signature = only(response.headers(), "body-sign")
        .and_then(|text| text.strip_prefix(r#"sign_type="HMAC-SHA256", signature= ""#))
        .and_then(|text| text.strip_suffix('"'))
        .ok_or(Fault::BodySignForm)?;
    let expected = STANDARD.encode(mac::hmac_sha256(access_key.as_bytes(), response.body()));
    if signature == expected { Ok(()) } else { Err(Fault::BodySign) }
}

/// The members of one JSON object, read by the guide's tables; null counts as absent.
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn mandatory(&self, name: &'static str, limit: usize) -> Result<String, Fault> {
        self.optional(name, limit)?.ok_or(Fault::Missing(name))
    }

    fn optional(&self, name: &'static str, limit: usize) -> Result<Option<String>, Fault> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value.as_str().ok_or(Fault::WrongType(name))?;
        if limit < text.chars().count() {
            return Err(Fault::TooLong { name, limit });
        }
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }
}

fn code(members: &Members) -> Result<String, Fault> {
    let code = members.mandatory("resultCode", 6)?;
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    if digits && code.len() == 6 { Ok(code) } else { Err(Fault::Code) }
}

fn info(members: &Members) -> Result<Vec<InstanceInfo>, Fault> {
    let Some(value) = members.get("info") else {
        return Ok(Vec::new());
    };
    let list = value.as_array().ok_or(Fault::WrongType("info"))?;
    list.iter().map(InstanceInfo::read).collect()
}

/// The header's text, if it stands exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use http::{Response, StatusCode};

    use super::{Answer, Fault, verify_body_sign};

    const KEY: &str = "11111111-2222-3333-4444-555555555555";
    const SUCCESS: &str = r#"{"resultCode":"000000","resultMsg":"success."}"#;
    const NEW_INSTANCE: &str = r#"{"resultCode":"000000","resultMsg":"success.","encryptType":"1","instanceId":"61e834ba-7b97-4418-b8f7-e5345137278c","appInfo":{"frontEndUrl":"https://app.example.com/login","adminUrl":"https://app.example.com/admin","userName":"IvIvIvIvIvIvIv01wbSio8htvsoC9RvgfP4uVw==","password":"IvIvIvIvIvIvIv027tDeg3zOUWkhLltNEc5D2g=="}}"#;

    fn response(headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
        let mut builder = Response::builder();
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(body.as_bytes().to_vec()).unwrap()
    }

    fn read(body: &str) -> Result<Answer, Fault> {
        Answer::read(&response(&[("Content-Type", "application/json")], body))
    }

    fn signed(value: &str, key: &str, body: &str) -> Result<(), Fault> {
        verify_body_sign(&response(&[("Body-Sign", value)], body), key)
    }

    fn documented(signature: &str) -> String {
        format!(r#"sign_type="HMAC-SHA256", signature= "{signature}""#)
    }

    #[test]
    fn vectors_are_signed() {
        for (key, body, signature) in [
            (KEY, SUCCESS, "JlKwXWkh0Ut3KEMWxd0Q8cjpT9/KvMKX/y6SJ8PitkE="),
            (KEY, &format!("{SUCCESS}\n"), "eINdBa4mnOtUe9GrvMNPnmpXRFoaIc7+nLLeS9s0hBM="),
            (KEY, NEW_INSTANCE, "7NXHZZ1KMTxes75Rb7hsglpz0H6Et4+vdlSqbjmtMNo="),
            ("abcde", "a=1&b=2", "4sbEVd9vKZQGPRRr8TyjWery0lZV7tetTnzfX3Gb9Ok="),
        ] {
            assert_eq!(signed(&documented(signature), key, body), Ok(()));
            assert_eq!(signed(&documented(signature), "other", body), Err(Fault::BodySign));
            let more = format!("{body} ");
            assert_eq!(signed(&documented(signature), key, &more), Err(Fault::BodySign));
        }
    }

    #[test]
    fn a_body_sign_of_another_form_is_refused() {
        let signature = "JlKwXWkh0Ut3KEMWxd0Q8cjpT9/KvMKX/y6SJ8PitkE=";
        for value in [
            signature.to_owned(),
            format!(r#"sign_type="HMAC-SHA256", signature="{signature}""#),
            format!(r#"sign_type="HMAC-SHA256",signature= "{signature}""#),
            format!("sign_type=\"HMAC-SHA256\", signature= {signature}"),
            format!(r#"sign_type="HMAC-SHA1", signature= "{signature}""#),
            format!("{} ;", documented(signature)),
        ] {
            assert_eq!(signed(&value, KEY, SUCCESS), Err(Fault::BodySignForm), "{value}");
        }
        let value = documented(signature);
        let twice = response(&[("Body-Sign", &value), ("Body-Sign", &value)], SUCCESS);
        assert_eq!(verify_body_sign(&twice, KEY), Err(Fault::BodySignForm));
        assert_eq!(verify_body_sign(&response(&[], SUCCESS), KEY), Err(Fault::BodySignForm));
    }

    #[test]
    fn an_answer_is_read_whole() {
        let answer = read(NEW_INSTANCE).unwrap();
        assert_eq!(answer.code, "000000");
        assert_eq!(answer.message, "success.");
        assert_eq!(answer.encrypt_type.as_deref(), Some("1"));
        assert_eq!(answer.instance_id.as_deref(), Some("61e834ba-7b97-4418-b8f7-e5345137278c"));
        let access = answer.app_info.unwrap();
        assert_eq!(access.front_end_url, "https://app.example.com/login");
        assert_eq!(access.admin_url.as_deref(), Some("https://app.example.com/admin"));
        assert_eq!(access.memo, None);
        let open = |text: Option<String>| {
            crate::v1::decrypt(KEY, crate::v1::Strength::Aes256, &text.unwrap()).unwrap()
        };
        assert_eq!(open(access.user_name), "admin");
        assert_eq!(open(access.password), "P@ssw0rd-2026");
        assert!(answer.info.is_empty());
    }

    #[test]
    fn a_list_of_instances_is_read() {
        let answer = read(
            r#"{"resultCode":"000000","resultMsg":"success","info":[{"instanceId":"a","appInfo":{"frontEndUrl":"https://a","memo":"\u4e2d\u6587"}},{"instanceId":"b","appInfo":null}]}"#,
        )
        .unwrap();
        let [first, second] = answer.info.as_slice() else { panic!("two instances") };
        assert_eq!(first.instance_id, "a");
        assert_eq!(first.app_info.as_ref().unwrap().memo.as_deref(), Some("中文"));
        assert_eq!(second.instance_id, "b");
        assert_eq!(second.app_info, None);
    }

    #[test]
    fn a_status_or_a_content_type_off_the_guide_is_a_fault() {
        let json = ("Content-Type", "application/json");
        let mut moved = response(&[json], SUCCESS);
        *moved.status_mut() = StatusCode::CREATED;
        assert_eq!(Answer::read(&moved), Err(Fault::Status(StatusCode::CREATED)));
        for headers in [
            &[][..],
            &[("Content-Type", "application/json;charset=UTF-8")],
            &[("Content-Type", "text/plain")],
            &[json, json],
        ] {
            assert_eq!(Answer::read(&response(headers, SUCCESS)), Err(Fault::ContentType));
        }
    }

    #[test]
    fn each_fault_of_a_body_has_its_name() {
        let info =
            |entry: &str| format!(r#"{{"resultCode":"000000","resultMsg":"ok","info":{entry}}}"#);
        for (body, fault) in [
            (r#"{"resultCode":"000000","resultMsg":"成功"}"#, Fault::NotAscii),
            ("", Fault::NotAnObject),
            ("[]", Fault::NotAnObject),
            (r#"{"resultCode":"000000","resultMsg":"ok"} x"#, Fault::NotAnObject),
            (r#"{"resultMsg":"ok"}"#, Fault::Missing("resultCode")),
            (r#"{"resultCode":"000000"}"#, Fault::Missing("resultMsg")),
            (r#"{"resultCode":"000000","resultMsg":null}"#, Fault::Missing("resultMsg")),
            (r#"{"resultCode":"000000","resultMsg":""}"#, Fault::Missing("resultMsg")),
            (r#"{"resultCode":0,"resultMsg":"ok"}"#, Fault::WrongType("resultCode")),
            (r#"{"resultCode":"00000","resultMsg":"ok"}"#, Fault::Code),
            (r#"{"resultCode":"00000x","resultMsg":"ok"}"#, Fault::Code),
            (
                r#"{"resultCode":"0000000","resultMsg":"ok"}"#,
                Fault::TooLong { name: "resultCode", limit: 6 },
            ),
            (&info("{}"), Fault::WrongType("info")),
            (&info(r#"["a"]"#), Fault::WrongType("info")),
            (&info(r#"[{"appInfo":null}]"#), Fault::Missing("instanceId")),
            (&info(r#"[{"instanceId":""}]"#), Fault::Missing("instanceId")),
            (
                &info(r#"[{"instanceId":"a","appInfo":{"adminUrl":"https://a"}}]"#),
                Fault::Missing("frontEndUrl"),
            ),
            (&info(r#"[{"instanceId":"a","appInfo":"x"}]"#), Fault::WrongType("appInfo")),
        ] {
            assert_eq!(read(body), Err(fault), "{body}");
        }
    }

    #[test]
    fn each_member_may_fill_its_length_and_no_more() {
        let body = |name: &str, text: &str| match name {
            "resultMsg" => format!(r#"{{"resultCode":"000000","resultMsg":"{text}"}}"#),
            "encryptType" | "instanceId" => {
                format!(r#"{{"resultCode":"000000","resultMsg":"ok","{name}":"{text}"}}"#)
            }
            "frontEndUrl" => format!(
                r#"{{"resultCode":"000000","resultMsg":"ok","appInfo":{{"frontEndUrl":"{text}"}}}}"#
            ),
            _ => format!(
                r#"{{"resultCode":"000000","resultMsg":"ok","appInfo":{{"frontEndUrl":"u","{name}":"{text}"}}}}"#
            ),
        };
        for (name, limit) in [
            ("resultMsg", 255),
            ("encryptType", 3),
            ("instanceId", 64),
            ("frontEndUrl", 512),
            ("adminUrl", 512),
            ("userName", 128),
            ("password", 128),
            ("memo", 1024),
        ] {
            // Characters count, not bytes and not escapes.
            assert!(read(&body(name, &r"\u4e2d".repeat(limit))).is_ok(), "{name}");
            let fault = Fault::TooLong { name, limit };
            assert_eq!(read(&body(name, &"x".repeat(limit + 1))), Err(fault));
        }
    }
}
