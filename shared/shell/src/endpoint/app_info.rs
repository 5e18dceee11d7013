//! The product reports access data: `PUT /instances/{instanceId}/app-info`, a Standard Webhook
//! (decision E3).

mod access_line;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::entity::{Entity, Subject};
use domain::history::{Event, OtherEvent};
use domain::product::{InstanceAccess, ProductError, PurchaseAnswer};
use domain::record::EntityRecord;
use domain::refusal::Refusal;
use domain::webhook::WebhookError;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use protocol::message::InstanceId;
use protocol::signature::Interface;
use thiserror::Error;

use self::access_line::AccessLine;
use crate::context::Context;
use crate::endpoint::product_call::{instance_in_path, verify};
use crate::endpoint::{Admitted, Endpoint};
use crate::failure::Failure;
use crate::log_ids::LogIds;
use crate::repository::{Slot, Start, Update};
use crate::route::{closed, health_answer, json, not_allowed};
use crate::world::{Deadline, World};

/// Accepts the product's message that an instance is ready, or that it was refused. It is for
/// products that answer `instance.created` with 202, because they need longer than a callback can
/// wait. A repeated message changes nothing. If two messages differ, the message that was signed
/// later counts. A refusal is rejected if the instance already has access data.
pub struct AppInfoEndpoint<W> {
    context: Arc<Context<W>>,
}

/// Why the product's message has no effect. The product gets this text, so that its developer can
/// correct the call.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
enum AppInfoRefusal {
    #[error(transparent)]
    Unverified(#[from] WebhookError),
    #[error(transparent)]
    Malformed(#[from] ProductError),
    #[error("instance unknown")]
    Unknown,
    #[error("instance gone: it was released, or its purchase was abandoned and refunded")]
    Gone,
    #[error(
        "instance ready: koohook already has its access data, so the order cannot be refused; to change the data, send appInfo"
    )]
    Ready,
    #[error("temporary failure: {0}; sign the message again and resend it")]
    Failed(#[from] Failure),
}

/// The last part of the path.
const CALL: &str = "app-info";
/// The longest message. The guide's own limits add up to two kilobytes.
const MAX_BODY_LEN: usize = 64 * 1024;
/// How long a call may take.
pub const BUDGET: Duration = Duration::from_secs(10);

impl<W: World> AppInfoEndpoint<W> {
    /// Makes the endpoint.
    pub const fn new(context: Arc<Context<W>>) -> Self {
        Self { context }
    }

    /// Carries out a message. Returns whether it changed the instance. `ids` gets the IDs that the
    /// message proves, for the log.
    async fn carry_out(
        &self,
        id: &InstanceId,
        head: &Parts,
        body: &[u8],
        ids: &mut LogIds,
    ) -> Result<bool, AppInfoRefusal> {
        let at = verify(&self.context, head, body)?;
        let read = InstanceAccess::read(id, body);
        if read.as_ref().map_or_else(names_instance, |_| true) {
            *ids = LogIds::of_instance(id);
        }
        let reported = read?.told;
        let deadline = Deadline::after(self.context.world.elapsed(), BUDGET);
        let decide = |slot: &Slot| {
            let record = slot.record().cloned().ok_or(AppInfoRefusal::Unknown)?;
            let Entity::Instance(instance) = record.entity.clone() else {
                return Err(AppInfoRefusal::Unknown);
            };
            *ids = LogIds::of_record(&record);
            let decided = instance.clone().told_access(&reported, at)?;
            if decided == instance {
                return Ok(Update::Leave(false));
            }
            let event = Event::other(sent(&reported), at);
            let mut record = EntityRecord { entity: decided.into(), ..record };
            record.add_event(event);
            Ok(Update::write(record, true))
        };
        let subject = Subject::Instance(id.clone());
        let repository = self.context.repository(deadline);
        let updated = repository.update(Start::Subject(&subject), decide).await?;
        Ok(updated.decided)
    }
}

impl<W: World> Endpoint for AppInfoEndpoint<W> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        if let Some(response) = health_answer(head, &self.context.readiness) {
            return Err(response);
        }
        instance_in_path(head.uri.path(), CALL).ok_or_else(|| closed(StatusCode::NOT_FOUND))?;
        if head.method == Method::PUT {
            Ok(Admitted { max_body_len: MAX_BODY_LEN, interface: Interface::Kit })
        } else {
            Err(not_allowed("PUT"))
        }
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let Admitted { max_body_len, .. } = match self.admit(&head) {
            Ok(admitted) => admitted,
            Err(response) => return response,
        };
        if body.len() > max_body_len {
            return closed(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let Some(id) = instance_in_path(head.uri.path(), CALL) else {
            return closed(StatusCode::NOT_FOUND);
        };
        let (began, mut ids) = (self.context.world.elapsed(), LogIds::default());
        let carried_out = self.carry_out(&id, &head, &body, &mut ids).await;
        let status = status(carried_out);
        let took = self.context.world.elapsed().saturating_sub(began);
        let origin = head.extensions.get().cloned();
        let line = AccessLine { ids, origin, status: status.as_u16(), took };
        let (trouble, now) = (&self.context.troubles.access_data, self.context.world.elapsed());
        match carried_out {
            Ok(changed) => line.write_accepted(changed, trouble, now),
            Err(fault @ AppInfoRefusal::Unverified(_)) => line.write_unproven(fault),
            Err(fault) => line.write_rejected(outcome(fault), fault, trouble.occurred(now)),
        }
        self.context.metrics.product_called(CALL, status.as_u16());
        if let Err(AppInfoRefusal::Failed(failure)) = carried_out {
            self.context.metrics.failed(CALL, failure);
        }
        let word = carried_out.err().map_or_else(|| "ok".to_owned(), |fault| fault.to_string());
        // koohook's own words contain no character that JSON would have to escape.
        json(status, Bytes::from(format!(r#"{{"status":"{word}"}}"#)))
    }
}

/// The event of a message of the product.
const fn sent(reported: &PurchaseAnswer) -> OtherEvent {
    match reported {
        PurchaseAnswer::Refused(_) => OtherEvent::RefusalSent,
        PurchaseAnswer::Ready(_) | PurchaseAnswer::AsTemplate | PurchaseAnswer::Later => {
            OtherEvent::AccessSent
        }
    }
}

/// Whether a message with this fault names the instance of its path. The signature does not cover
/// the path.
const fn names_instance(fault: &ProductError) -> bool {
    !matches!(
        fault,
        ProductError::Misdirected | ProductError::NotAMessage | ProductError::NotAnObject
    )
}

/// The outcome of a proven message that was not carried out, as the log names it.
const fn outcome(fault: AppInfoRefusal) -> &'static str {
    match fault {
        AppInfoRefusal::Failed(_) => "failed",
        AppInfoRefusal::Unverified(_)
        | AppInfoRefusal::Malformed(_)
        | AppInfoRefusal::Unknown
        | AppInfoRefusal::Gone
        | AppInfoRefusal::Ready => "refused",
    }
}

fn status(carried_out: Result<bool, AppInfoRefusal>) -> StatusCode {
    match carried_out {
        Ok(_) => StatusCode::OK,
        Err(AppInfoRefusal::Unverified(_)) => StatusCode::UNAUTHORIZED,
        Err(AppInfoRefusal::Malformed(ProductError::Misdirected)) => StatusCode::BAD_REQUEST,
        Err(AppInfoRefusal::Malformed(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Err(AppInfoRefusal::Unknown) => StatusCode::NOT_FOUND,
        Err(AppInfoRefusal::Gone) => StatusCode::GONE,
        Err(AppInfoRefusal::Ready) => StatusCode::CONFLICT,
        Err(AppInfoRefusal::Failed(_)) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<Refusal> for AppInfoRefusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InstanceUnknown => Self::Unknown,
            Refusal::ReadyBefore => Self::Ready,
            Refusal::InstanceReleased | Refusal::ChangeNotAllowed => Self::Gone,
        }
    }
}
