//! `koohook send`: one call, built and signed as the marketplace does.

mod call;
mod members;
mod shown;

use std::process::ExitCode;

use clap::Args;
use http::Response;
use simulator::answer::{Answer, AnswerError, judge_body_sign};
use simulator::v1::Strength;

use self::call::{SentCall, curl};
use crate::error::CommandError;
use crate::options::{AccessGuide, LAST, SigningArguments};
use crate::output::{errln, outln};
use crate::wire;

/// Arguments of `koohook send`.
#[derive(Args)]
#[command(after_help = "\
Run `koohook dev` and paste the export lines that it prints into a second terminal. Then these work
as they are:

  koohook send --v2 newInstance orderId=CS1 orderLineId=CS1-000001
  koohook send --v1 newInstance orderId=CS2 productId=P1 customerId=C1 mobilePhone=15905222222
  koohook send --v2 queryInstance instanceId=123456789 testFlag=1 | jq .info
  koohook send --v2 changeInstanceCheck instanceId=1 testFlag=1 productInfo:='{\"productId\":\"P2\"}'
  koohook send --v2 --curl newInstance orderId=CS3 orderLineId=CS3-000001
  koohook send --v2 tenantSync tenantId=T1 tenantCode=t name=Name domainName=https://t.example flag=1
  koohook send --v2 applicationSync tenantId=T1 appId=A1 clientId=C1 flag=1

The body of the answer goes to the standard output, everything else to the standard error. The exit
code is 0 if the answer is 000000, or 000004 under V2, and signed where V1 asks for it.

businessId, timestamps and nonce are made up for each call unless they are given; a kit call also
gets testFlag 0. V2 accepts a signature for 60 seconds: use a --curl line within them. V1's
mobilePhone and email are encrypted on the way out, userName and password decrypted on the way
back; --raw leaves them as they travel.")]
pub struct SendArguments {
    /// By access guide 1.0: GET, or POST for the kit.
    #[arg(long, conflicts_with = "v2")]
    v1: bool,
    /// By access guide 2.0: POST.
    #[arg(long)]
    v2: bool,
    /// The production address; kit calls go to the kit's paths below it.
    #[arg(long, env = "KOOHOOK_ADDRESS", default_value = "http://127.0.0.1:8000/saasproduce")]
    address: String,
    #[command(flatten)]
    signing: SigningArguments,
    /// The seller's public key, a file or its text: seals clientSecret, which is then given plain.
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// A sealed secret, for an applicationSync without clientSecret.
    #[arg(long, value_name = "BASE64", env = "KOOHOOK_SEALED_SECRET", hide_env_values = true)]
    sealed_secret: Option<String>,
    /// How V1's personal fields are encrypted: 1 is AES-256, 2 is AES-128.
    #[arg(
        long,
        value_name = "1|2",
        env = "KOOHOOK_ENCRYPT_TYPE",
        default_value = "1",
        value_parser = ["1", "2"]
    )]
    encrypt_type: String,
    /// Encrypt nothing and decrypt nothing: members and answer as they travel.
    #[arg(long)]
    raw: bool,
    /// Print a ready-to-paste `curl` line and send nothing.
    #[arg(long, display_order = LAST + 1)]
    curl: bool,
    /// The activity, or the name of a kit interface, as on the wire.
    activity: String,
    /// Members: `name=text`, or `name:=json`.
    members: Vec<String>,
}

impl SendArguments {
    fn call(&self) -> Result<SentCall, CommandError> {
        let contract = match (self.v1, self.v2) {
            (true, _) => AccessGuide::V1,
            (false, true) => AccessGuide::V2,
            (false, false) => {
                return Err(
                    "access guide is missing: write --v1 or --v2 before the activity".into()
                );
            }
        };
        let is_kit = call::is_kit(&self.activity);
        let key = if is_kit { self.signing.kit_key()? } else { self.signing.key()? };
        Ok(SentCall {
            contract,
            address: self.address.clone(),
            members: members::read(self, contract, &key)?,
            activity: self.activity.clone(),
            unit: self.signing.timestamp_unit.into(),
            key,
        })
    }

    fn strength(&self) -> Strength {
        if self.encrypt_type == "2" { Strength::Aes128 } else { Strength::Aes256 }
    }
}

/// Sends a call and prints the answer. The exit code is 0 if the marketplace would go on.
pub fn run(arguments: &SendArguments) -> Result<ExitCode, CommandError> {
    wire::check_address(&arguments.address)?;
    let call = arguments.call()?;
    let request = call.request()?;
    if arguments.curl {
        outln!("{}", curl(&request));
        return Ok(ExitCode::SUCCESS);
    }
    let reply = wire::send(&wire::client(), request)?;
    let response = &reply.response;
    errln!("HTTP {} in {:.1} ms", response.status().as_u16(), reply.took.as_secs_f64() * 1e3);
    let shown = match call.contract {
        AccessGuide::V1 if !arguments.raw => shown::decrypted(response.body(), &call.key),
        AccessGuide::V1 | AccessGuide::V2 => None,
    };
    outln!("{}", shown.unwrap_or_else(|| String::from_utf8_lossy(response.body()).into_owned()));
    Ok(judge(&call, response, reply.body_sign_name.as_deref()))
}

/// Prints what the marketplace makes of the answer; the exit code.
fn judge(call: &SentCall, response: &Response<Vec<u8>>, body_sign_name: Option<&str>) -> ExitCode {
    let is_v1 = call.contract == AccessGuide::V1;
    let is_signed = match judge_body_sign(response, &call.key) {
        Ok(remark) => {
            errln!("Body-Sign: right{}", shown::remarked(remark));
            true
        }
        Err(AnswerError::BodySignMissing) if !is_v1 => true,
        Err(fault) => {
            errln!("Body-Sign: {fault}{}", if is_v1 { "" } else { " (V2 needs none)" });
            !is_v1
        }
    };
    let is_named = match body_sign_name {
        Some(name) if is_v1 && name != "Body-Sign" => {
            errln!("FAILED: header name is {name}: write Body-Sign, in these capitals");
            false
        }
        _ => true,
    };
    let (answer, remarks) = match Answer::judge(response) {
        Ok(answer) => answer,
        Err(fault) => {
            let advice =
                wire::advice(response.status().as_u16(), wire::location(response).as_deref());
            errln!(
                "FAILED: {fault}{}",
                advice.map(|to_do| format!(": {to_do}")).unwrap_or_default()
            );
            return ExitCode::FAILURE;
        }
    };
    remarks.iter().for_each(|remark| errln!("remark: {remark}"));
    if let Some(meaning) = shown::meaning(&answer.code, call.contract) {
        errln!("{}: {meaning}", answer.code);
    }
    let goes_on = answer.code == "000000" || answer.code == "000004" && !is_v1;
    if goes_on && is_signed && is_named { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
