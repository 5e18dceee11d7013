//! The product's reports: `POST /usage`, as docs/product.md describes it.

use domain::webhook::WebhookSecrets;
use http::Request;
use serde_json::{Value, json};
use ureq::Agent;

use super::windows::{MeteredWindow, decimal, rfc3339};
use crate::error::CommandError;
use crate::{generated, wire};

/// The side of the product that reports. It counts what it delivered, whatever koohook answers.
pub struct UsageReporter {
    client: Agent,
    secrets: WebhookSecrets,
    address: String,
    hundredths: u64,
    calls: usize,
}

impl UsageReporter {
    /// A product that reports to a koohook.
    ///
    /// # Errors
    /// If the secret is not valid.
    pub fn new(secret: &str, origin: &str) -> Result<Self, CommandError> {
        let (client, secrets) = (wire::client(), WebhookSecrets::parse(secret)?);
        Ok(Self { client, secrets, address: format!("{origin}/usage"), hundredths: 0, calls: 0 })
    }

    /// What the product counted.
    pub fn counted(&self) -> String {
        decimal(self.hundredths)
    }

    /// How many reports it sent.
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// Reports windows of an instance. Returns the answers' words: the status of each window, or the
    /// reason of a rejected one.
    ///
    /// # Errors
    /// If koohook does not answer.
    pub fn report(
        &mut self,
        instance: &str,
        windows: &[MeteredWindow],
    ) -> Result<Vec<String>, CommandError> {
        let accepted = windows.iter().filter(|window| window.expected == "accepted");
        self.hundredths += accepted.map(|window| window.hundredths).sum::<u64>();
        self.calls += 1;
        let request = self.request(&body(instance, windows))?;
        let reply = wire::send(&self.client, request)?;
        let answer: Value = serde_json::from_slice(reply.response.body())?;
        let records = answer.get("records").and_then(Value::as_array);
        Ok(records.into_iter().flatten().map(word).collect())
    }

    /// A Standard Webhook, as koohook's notices are.
    fn request(&self, body: &[u8]) -> Result<Request<Vec<u8>>, CommandError> {
        let (id, seconds) = (format!("msg_{}", generated::id()), generated::now_millis() / 1_000);
        let request = Request::post(&self.address)
            .header("content-type", "application/json")
            .header("webhook-signature", self.secrets.sign(&id, seconds, body))
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-id", id)
            .body(body.to_vec());
        Ok(request?)
    }
}

fn body(instance: &str, windows: &[MeteredWindow]) -> Vec<u8> {
    let record = |(number, window): (usize, &MeteredWindow)| {
        json!({
            "recordId": format!("window-{number}"),
            "instanceId": instance,
            "beginTime": rfc3339(window.begin),
            "endTime": rfc3339(window.end),
            "value": decimal(window.hundredths),
        })
    };
    let records: Vec<Value> = windows.iter().enumerate().map(record).collect();
    json!({ "records": records }).to_string().into_bytes()
}

fn word(record: &Value) -> String {
    let word = record.get("reason").or_else(|| record.get("status"));
    word.and_then(Value::as_str).unwrap_or_default().to_owned()
}
