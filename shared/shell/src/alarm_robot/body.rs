//! The request of each format, by the public documents of the chats:
//!
//! - DingTalk, 自定义机器人接入: <https://open.dingtalk.com/document/group/custom-robot-access>
//! - WeCom, 群机器人配置说明: <https://developer.work.weixin.qq.com/document/path/91770>
//! - Feishu, 自定义机器人使用指南: <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>
//! - Slack, incoming webhooks: <https://api.slack.com/messaging/webhooks>
//!
//! Each text is plain text. No one is mentioned, and a format's own marks are escaped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Uri};
use protocol::mac::hmac_sha256;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use super::format::AlarmFormat;
use super::{AlarmPost, AlarmRobot};

impl AlarmRobot {
    /// The request of a post. `None` if the address takes no signature.
    pub(super) fn request(&self, post: &AlarmPost, now: UnixMillis) -> Option<Request<Bytes>> {
        let body = self.body(post, now).to_string();
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.address(now)?)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))
            .body(Bytes::from(body));
        request.ok()
    }

    /// The address. DingTalk's signature is in the query: time and secret, signed with the secret.
    fn address(&self, now: UnixMillis) -> Option<Uri> {
        let secret = self.secret.as_ref().filter(|_| self.format == AlarmFormat::Dingtalk);
        let Some(secret) = secret else { return Some(self.url.clone()) };
        let (timestamp, secret) = (now.millis().to_string(), secret.reveal());
        let mac = hmac_sha256(secret.as_bytes(), &[signed_text(&timestamp, secret).as_bytes()]);
        let sign = in_query(&STANDARD.encode(mac));
        let separator = if self.url.query().is_some() { '&' } else { '?' };
        format!("{}{separator}timestamp={timestamp}&sign={sign}", self.url).parse().ok()
    }

    fn body(&self, post: &AlarmPost, now: UnixMillis) -> Value {
        let text = post.text.as_str();
        match self.format {
            AlarmFormat::Json => {
                json!({ "source": "koohook", "text": text, "alarms": post.alarms })
            }
            AlarmFormat::Dingtalk => json!({
                "msgtype": "text", "text": { "content": text }, "at": { "isAtAll": false },
            }),
            AlarmFormat::Wecom => {
                json!({ "msgtype": "text", "text": { "content": cut(text, WECOM_MAX_LEN) } })
            }
            AlarmFormat::Feishu => self.feishu(text, now),
            AlarmFormat::Slack => json!({ "text": escaped(text) }),
        }
    }

    /// Feishu's signature is in the body: time and secret are the key, and the signed text is empty.
    fn feishu(&self, text: &str, now: UnixMillis) -> Value {
        let mut body = json!({ "msg_type": "text", "content": { "text": without_tags(text) } });
        if let (Some(secret), Some(members)) = (&self.secret, body.as_object_mut()) {
            let timestamp = (now.millis() / 1_000).to_string();
            let mac = hmac_sha256(signed_text(&timestamp, secret.reveal()).as_bytes(), &[]);
            members.insert("timestamp".to_owned(), Value::from(timestamp));
            members.insert("sign".to_owned(), Value::from(STANDARD.encode(mac)));
        }
        body
    }
}

fn signed_text(timestamp: &str, secret: &str) -> String {
    format!("{timestamp}\n{secret}")
}

/// Encodes base64 for a query.
fn in_query(base64: &str) -> String {
    base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Slack reads these three letters as marks.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Feishu reads a tag such as `<at>` in a text.
fn without_tags(text: &str) -> String {
    text.replace('<', "＜").replace('>', "＞")
}

/// The first bytes of a text, cut between two letters.
fn cut(text: &str, max_len: usize) -> &str {
    let end = (0..=max_len.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or(text)
}

/// The longest text of WeCom's robot, in bytes.
const WECOM_MAX_LEN: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_two_letters() {
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|len| cut("a云b", len)),
            ["", "a", "a", "a", "a云", "a云b"]
        );
        assert_eq!(cut("云", 99), "云");
    }

    #[test]
    fn marks_of_a_chat_are_escaped() {
        assert_eq!(escaped("<!channel> & co"), "&lt;!channel&gt; &amp; co");
        assert_eq!(without_tags("<at user_id=\"all\">"), "＜at user_id=\"all\"＞");
    }
}
