//! `koohook send`: builds, signs and sends one call as the marketplace does.

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
use crate::options::{AccessGuide, LAST, SigningArguments, given_or_in_file, unknown_in_file};
use crate::output::{errln, outln};
use crate::wire;

/// Arguments of `koohook send`.
#[derive(Args)]
#[command(after_help = "\
Run `koohook dev` and paste its export lines into a second terminal. There you can run:

  koohook send --v2 newInstance orderId=CS1 orderLineId=CS1-000001
  koohook send --v1 newInstance orderId=CS2 productId=P1 customerId=C1 mobilePhone=15905222222
  koohook send --v2 queryInstance instanceId=123456789 testFlag=1 | jq .info
  koohook send --v2 changeInstanceCheck instanceId=1 testFlag=1 productInfo:='{\"productId\":\"P2\"}'
  koohook send --v2 --curl newInstance orderId=CS3 orderLineId=CS3-000001
  koohook send --v2 tenantSync tenantId=T1 tenantCode=t name=Name domainName=https://t.example flag=1
  koohook send --v2 applicationSync tenantId=T1 appId=A1 clientId=C1 flag=1

The body of the answer goes to the standard output. Everything else goes to the standard error. The
exit code is 0 if the answer is 000000, or 000004 under V2. Under V1 the answer must also be signed.

If you do not give them, send adds businessId to newInstance, timeStamp to a V1 call, timeStamp and
testFlag=0 to a kit call, and currentSyncTime to authSync. It always generates the timestamp and the
nonce of a V2 signature. The signature is valid for 60 seconds, so run a --curl line within a minute.

Under V1, send encrypts mobilePhone and email, and decrypts userName and password of the answer.
With --raw it does neither.")]
pub struct SendArguments {
    /// Call as access guide 1.0 describes: GET, or POST for the kit.
    #[arg(long, conflicts_with = "v2")]
    v1: bool,
    /// Call as access guide 2.0 describes: POST.
    #[arg(long)]
    v2: bool,
    /// The production address. Kit calls go to the kit's paths below it.
    #[arg(
        long,
        env = "KOOHOOK_ADDRESS",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8000/saasproduce"
    )]
    address: String,
    #[command(flatten)]
    signing: SigningArguments,
    /// The seller's public key, as a file or as text. send then encrypts clientSecret with it.
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// An encrypted client secret. applicationSync uses it if clientSecret is not given.
    #[arg(long, value_name = "BASE64", env = "KOOHOOK_SEALED_SECRET", hide_env_values = true)]
    sealed_secret: Option<String>,
    /// How send encrypts V1's personal fields: 1 is AES-256, 2 is AES-128 [default: 1].
    #[arg(long, value_name = "1|2", env = ENCRYPT_TYPE, hide_env_values = true, value_parser = ["1", "2"])]
    encrypt_type: Option<String>,
    /// Do not encrypt members, and do not decrypt the answer.
    #[arg(long)]
    raw: bool,
    /// Print a `curl` line for the call, and do not send it.
    #[arg(long, display_order = LAST + 1)]
    curl: bool,
    /// The activity, or the name of a kit interface, like newInstance or tenantSync.
    activity: String,
    /// Members of the call, each as `name=text` or `name:=json`.
    members: Vec<String>,
}

impl SendArguments {
    fn call(&self) -> Result<SentCall, CommandError> {
        let contract = match (self.v1, self.v2) {
            (true, _) => AccessGuide::V1,
            (false, true) => AccessGuide::V2,
            (false, false) => {
                return Err(
                    "access guide is missing; write --v1 or --v2 before the activity".into()
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
            unit: self.signing.timestamp_unit()?,
            key,
        })
    }

    fn strength(&self) -> Result<Strength, CommandError> {
        let encrypt_type = given_or_in_file(self.encrypt_type.as_deref(), ENCRYPT_TYPE)?;
        match encrypt_type.as_deref() {
            None | Some("1") => Ok(Strength::Aes256),
            Some("2") => Ok(Strength::Aes128),
            Some(_) => Err(unknown_in_file(ENCRYPT_TYPE, "1 or 2")),
        }
    }
}

/// Sends a call and prints the answer. The exit code is 0 if the marketplace would accept the answer.
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

/// Prints how the marketplace would judge the answer. Returns the exit code.
fn judge(call: &SentCall, response: &Response<Vec<u8>>, body_sign_name: Option<&str>) -> ExitCode {
    let is_v1 = call.contract == AccessGuide::V1;
    let is_signed = match judge_body_sign(response, &call.key) {
        Ok(remark) => {
            errln!("Body-Sign: right{}", shown::remarked(remark));
            true
        }
        Err(AnswerError::BodySignMissing) if !is_v1 => true,
        Err(fault) => {
            errln!("Body-Sign: {fault}{}", if is_v1 { "" } else { " (V2 does not need it)" });
            !is_v1
        }
    };
    let is_named = match body_sign_name {
        Some(name) if is_v1 && name != "Body-Sign" => {
            errln!("FAILED: header name is {name}; write Body-Sign, in these capitals");
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
                advice.map(|to_do| format!("; {to_do}")).unwrap_or_default()
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

const ENCRYPT_TYPE: &str = "KOOHOOK_ENCRYPT_TYPE";
