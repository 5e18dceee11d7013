//! One request with usage records, and its answer.

use bytes::Bytes;
use domain::usage::OutgoingRecord;
use http::Request;
use protocol::access_key::AccessKey;
use protocol::open_api::OpenApiHost;
use protocol::usage::{
    PushVerdict, PushedRecord, UsageAnswer, UsagePush, UsagePushRequest, read_usage_answer,
};

use crate::open_api_key::OpenApiKey;
use crate::usage_sender::UsageSender;
use crate::web::{Unanswered, Web};
use crate::world::World;

/// A request's answer, or why there is none.
pub(super) type PushOutcome = Result<UsageAnswer, Unanswered>;

/// Sends records to the marketplace. If its host cannot be reached, koohook sends them to the
/// fallback, with another signature.
pub(super) async fn push<W: World>(
    world: &W,
    sender: &UsageSender,
    key: &AccessKey,
    records: &[OutgoingRecord],
) -> PushOutcome {
    let records: Vec<_> = records.iter().map(pushed).collect();
    let aksk = sender.key.as_deref();
    let first = push_to(world, &sender.host, key, aksk, &records).await;
    let answer = match (first, sender.host.fallback()) {
        (Err(fault), Some(host)) if fault.is_before_sending() => {
            push_to(world, &host, key, aksk, &records).await
        }
        (first, _) => first,
    };
    if let (Some(aksk), Ok(answer)) = (aksk, &answer) {
        note(aksk, answer, world);
    }
    answer
}

async fn push_to<W: World>(
    world: &W,
    host: &OpenApiHost,
    key: &AccessKey,
    aksk: Option<&OpenApiKey>,
    records: &[PushedRecord],
) -> PushOutcome {
    let credentials = aksk.map(OpenApiKey::credentials);
    let request = UsagePush::request(records, host, key, credentials, world.random(), world.now());
    let request = to_http(request).ok_or(Unanswered::NotReached)?;
    let response = world.web().send(request).await?;
    Ok(read_usage_answer(response.status().as_u16(), response.body()))
}

/// What the answer shows about the key of the open APIs.
fn note<W: World>(aksk: &OpenApiKey, answer: &UsageAnswer, world: &W) {
    match answer.verdict {
        PushVerdict::Received => aksk.gate().note_accepted(),
        PushVerdict::KeyRefused => aksk.gate().note_refused(world.now()),
        PushVerdict::Retry
        | PushVerdict::TooMany
        | PushVerdict::RecordAtFault
        | PushVerdict::InstanceNotFound
        | PushVerdict::WrongBodySign
        | PushVerdict::Unknown => aksk.gate().note_answered(),
    }
}

fn pushed(record: &OutgoingRecord) -> PushedRecord {
    PushedRecord {
        begin: record.window.begin(),
        end: record.window.end(),
        instance_id: record.instance_id.clone(),
        metering_sn: record.metering_sn(),
        record_time: record.record_time,
        package: record.package.clone(),
        value: record.quantity.to_string(),
    }
}

fn to_http(request: UsagePushRequest) -> Option<Request<Bytes>> {
    let mut builder = Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    builder.body(Bytes::from(request.body)).ok()
}
