//! `koohook send`: one call, built and signed as the marketplace does.

use std::process::ExitCode;

use clap::Args;
use http::Request;
use sender::answer::{Answer, verify_body_sign};
use serde_json::Value;

use crate::demo::Only;
use crate::{Error, made_up, wire};

/// Arguments of `koohook send`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook send --v2 newInstance orderId=CS1 orderLineId=CS1-000001
  koohook send --v1 refreshInstance instanceId=… orderId=CS2 expireTime=20280101000000
  koohook send --v2 changeInstanceCheck instanceId=… productInfo:='{\"productId\":\"P2\"}'
  koohook send --v2 --curl queryInstance instanceId=… testFlag=1

A fresh businessId, timestamp and nonce come with every call unless they are given. Under V2 a
signature is believed for 60 seconds; a --curl line must be used within them.")]
pub struct Arguments {
    /// By access guide 1.0: GET.
    #[arg(long, conflicts_with = "v2", required_unless_present = "v2")]
    v1: bool,
    /// By access guide 2.0: POST.
    #[arg(long)]
    v2: bool,
    /// The production address.
    #[arg(long, env = "KOOHOOK_ADDRESS", default_value = "http://127.0.0.1:8000/saasproduce")]
    address: String,
    /// The access key of the base interfaces.
    #[arg(long, env = "KOOHOOK_BASE_KEY", hide_env_values = true)]
    key: String,
    /// Print a ready-to-paste `curl` line and send nothing.
    #[arg(long)]
    curl: bool,
    /// The activity, as on the wire.
    activity: String,
    /// Members: `name=text`, or under V2 `name:=json`.
    members: Vec<String>,
}

/// Sends, prints the answer, and says whether it was signed and `000000` (or V2's `000004`).
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let contract = if arguments.v1 { Only::V1 } else { Only::V2 };
    let call = Call {
        contract,
        address: &arguments.address,
        key: &arguments.key,
        members: members(arguments)?,
    };
    let request = call.request()?;
    if arguments.curl {
        println!("{}", curl(&request));
        return Ok(ExitCode::SUCCESS);
    }
    let (response, took) = wire::send(&wire::client(), request)?;
    println!("HTTP {} in {:.1} ms", response.status().as_u16(), took.as_secs_f64() * 1_000.0);
    println!("{}", String::from_utf8_lossy(response.body()));
    match verify_body_sign(&response, &arguments.key) {
        Ok(()) => println!("Body-Sign: right"),
        Err(fault) => println!("Body-Sign: {fault}"),
    }
    let answer = Answer::read(&response)?;
    let fine = matches!(answer.code.as_str(), "000000" | "000004");
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One call to be signed.
pub struct Call<'a> {
    /// By which guide.
    pub contract: Only,
    /// The production address.
    pub address: &'a str,
    /// The access key.
    pub key: &'a str,
    /// Names and values, `activity` among them.
    pub members: Vec<(String, Value)>,
}

impl Call<'_> {
    /// Builds and signs the request, as of now.
    ///
    /// # Errors
    /// Where the address is no URI.
    pub fn request(&self) -> Result<Request<Vec<u8>>, http::Error> {
        let now = made_up::now_millis();
        match self.contract {
            Only::V1 => {
                let texts: Vec<_> =
                    self.members.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
                let texts: Vec<_> =
                    texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
                let time_stamp = sender::time::to_the_millisecond(now);
                sender::v1::request(self.address, self.key, &time_stamp, &texts)
            }
            Only::V2 => {
                let members: Vec<_> = self
                    .members
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.clone()))
                    .collect();
                let body = sender::v2::body(&members);
                sender::v2::request(self.address, self.key, &now.to_string(), &made_up::id(), &body)
            }
        }
    }
}

/// A line for a shell: every word in single quotes.
pub fn curl(request: &Request<Vec<u8>>) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut line = format!("curl -i {}", quoted(&request.uri().to_string()));
    for (name, value) in request.headers() {
        let header = format!("{name}: {}", value.to_str().unwrap_or_default());
        line.push_str(&format!(" -H {}", quoted(&header)));
    }
    if !request.body().is_empty() {
        let body = String::from_utf8_lossy(request.body());
        line.push_str(&format!(" --data-raw {}", quoted(&body)));
    }
    line
}

fn members(arguments: &Arguments) -> Result<Vec<(String, Value)>, Error> {
    let mut members = vec![("activity".to_owned(), Value::from(arguments.activity.as_str()))];
    for word in &arguments.members {
        let (name, value) = member(word)?;
        if arguments.v1 && (value.is_object() || value.is_array()) {
            return Err(format!("{name}: V1 knows texts alone; write {name}=TEXT").into());
        }
        members.push((name, value));
    }
    if arguments.activity == "newInstance" && members.iter().all(|(name, _)| name != "businessId") {
        members.push(("businessId".to_owned(), made_up::id().into()));
    }
    Ok(members)
}

fn member(word: &str) -> Result<(String, Value), Error> {
    let Some((name, text)) = word.split_once('=') else {
        return Err(format!("`{word}` is no member: write name=text, or name:=json").into());
    };
    match name.strip_suffix(':') {
        None => Ok((name.to_owned(), text.into())),
        Some(name) => match serde_json::from_str(text) {
            Ok(value) => Ok((name.to_owned(), value)),
            Err(fault) => Err(format!("{name} is no JSON: {fault}").into()),
        },
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
