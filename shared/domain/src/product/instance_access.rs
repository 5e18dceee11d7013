//! The message with which the product sends an instance's access data to koohook (decision E3).

use protocol::message::InstanceId;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ProductError, PurchaseAnswer, purchase_answer, without_mark};

/// A message of the product. It is a Standard Webhook. Its signature does not cover the path, so
/// the body must name the instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceAccess {
    /// The instance.
    pub instance_id: InstanceId,
    /// The answer to its purchase.
    pub told: PurchaseAnswer,
}

impl InstanceAccess {
    /// The one type of message that the product sends.
    pub const TYPE: &str = "instance.access";

    /// Parses a message that was sent to the path of an instance.
    ///
    /// # Errors
    /// If it is not such a message. Also if it was signed for another request, for example a notice
    /// of koohook that a caller sends back.
    pub fn read(path_id: &InstanceId, body: &[u8]) -> Result<Self, ProductError> {
        #[derive(Deserialize)]
        struct Message {
            #[serde(rename = "type")]
            kind: String,
            data: Map<String, Value>,
        }
        let body = without_mark(body);
        let Message { kind, data } = serde_json::from_slice(body).map_err(|_| fault_of(body))?;
        let named = data.get("instanceId").and_then(Value::as_str);
        if kind != Self::TYPE || named != Some(path_id.as_str()) {
            return Err(ProductError::Misdirected);
        }
        match purchase_answer(&data)? {
            PurchaseAnswer::AsTemplate | PurchaseAnswer::Later => Err(ProductError::Nothing),
            answer @ (PurchaseAnswer::Ready(_) | PurchaseAnswer::Refused(_)) => {
                Ok(Self { instance_id: path_id.clone(), told: answer })
            }
        }
    }
}

/// What is wrong with a body that is not a message.
fn fault_of(body: &[u8]) -> ProductError {
    let object: Result<Map<String, Value>, _> = serde_json::from_slice(body);
    if object.is_ok() { ProductError::NotAMessage } else { ProductError::NotAnObject }
}

#[cfg(test)]
mod tests {
    use protocol::result_code::OrderRefused;

    use super::*;

    #[test]
    fn a_message_must_name_the_instance_of_the_path() {
        let id = InstanceId::parse("i-1").unwrap();
        let read = |body: &str| InstanceAccess::read(&id, body.as_bytes());
        let refused = r#"{"type":"instance.access","data":{"instanceId":"i-1","refuse":"000100"}}"#;
        assert_eq!(
            read(refused).map(|it| it.told),
            Ok(PurchaseAnswer::Refused(OrderRefused::NoResource))
        );
        let cases = [
            (refused.replace("i-1", "i-2"), ProductError::Misdirected),
            (refused.replace("instance.access", "instance.created"), ProductError::Misdirected),
            (refused.replace("refuse", "reuse"), ProductError::Nothing),
            (
                r#"{"type":"instance.access","instanceId":"i-1"}"#.to_owned(),
                ProductError::NotAMessage,
            ),
            (refused.replace("\"data\"", "\"type\":\"x\",\"data\""), ProductError::NotAMessage),
            (r#"{"type":"instance.access","data":[]}"#.to_owned(), ProductError::NotAMessage),
            (r#"{"type":1,"data":{}}"#.to_owned(), ProductError::NotAMessage),
            ("{}".to_owned(), ProductError::NotAMessage),
            ("[]".to_owned(), ProductError::NotAnObject),
            (String::new(), ProductError::NotAnObject),
        ];
        for (body, fault) in cases {
            assert_eq!(read(&body), Err(fault), "{body}");
        }
    }
}
