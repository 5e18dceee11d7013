//! The product's own way in: `PUT /instances/{instanceId}/app-info`, a Standard Webhook
//! (decision E3).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::entity::{Entity, Subject};
use domain::product::{InstanceAccess, ProductError};
use domain::record::EntityRecord;
use domain::refusal::Refusal;
use domain::webhook::{WebhookError, WebhookHeaders};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use protocol::message::InstanceId;
use protocol::query_string::{self, Plus};
use protocol::signature::Interface;
use protocol::time::UnixMillis;
use thiserror::Error;

use crate::context::Context;
use crate::endpoint::{Admitted, Endpoint};
use crate::failure::Failure;
use crate::repository::{Slot, Start, Update};
use crate::route::{closed, json, life, not_allowed};
use crate::world::{Deadline, World};

/// Takes the product's word that an instance is ready, or that it will not be. For products that
/// answered `instance.created` with 202, because making an instance takes them longer than a callback
/// can wait. The same message twice changes nothing; of two, the one that was signed later counts.
pub struct AppInfoEndpoint<W> {
    context: Arc<Context<W>>,
}

/// Why what the product said has no effect. Shown to it, so that its developer sees what to do.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
enum AppInfoRefusal {
    #[error(transparent)]
    Unverified(#[from] WebhookError),
    #[error(transparent)]
    Malformed(#[from] ProductError),
    #[error("instance unknown")]
    Unknown,
    #[error("instance gone: released, or abandoned and refunded")]
    Gone,
    #[error("instance ready: its buyer has access data already")]
    Ready,
    #[error("not now: {0}; say it again")]
    Failed(#[from] Failure),
}

/// The longest message; the guide's own lengths make two kilobytes.
const MAX_BODY_LEN: usize = 64 * 1024;
/// How long it may take.
const BUDGET: Duration = Duration::from_secs(10);

impl<W: World> AppInfoEndpoint<W> {
    /// The endpoint at a context.
    pub const fn new(context: Arc<Context<W>>) -> Self {
        Self { context }
    }

    async fn carry_out(
        &self,
        id: &InstanceId,
        head: &Parts,
        body: &[u8],
    ) -> Result<(), AppInfoRefusal> {
        let at = self.verified(head, body)?;
        let told = InstanceAccess::read(id, body)?.told;
        let deadline = Deadline::after(self.context.world.elapsed(), BUDGET);
        let decide = |slot: &Slot| {
            let record = slot.record().cloned().ok_or(AppInfoRefusal::Unknown)?;
            let Entity::Instance(instance) = record.entity.clone() else {
                return Err(AppInfoRefusal::Unknown);
            };
            let decided = instance.clone().told_access(&told, at)?;
            if decided == instance {
                return Ok(Update::Leave(()));
            }
            Ok(Update::write(EntityRecord { entity: decided.into(), ..record }, ()))
        };
        let subject = Subject::Instance(id.clone());
        let repository = self.context.repository(deadline);
        repository.update(Start::Subject(&subject), decide).await.map(drop)
    }

    fn verified(&self, head: &Parts, body: &[u8]) -> Result<UnixMillis, WebhookError> {
        let product = self.context.settings.product.as_ref().ok_or(WebhookError::WrongSignature)?;
        let header = |name| {
            let mut values = head.headers.get_all(name).iter();
            let only = values.next().filter(|_| values.next().is_none());
            only.and_then(|value| value.to_str().ok()).ok_or(WebhookError::Malformed)
        };
        let headers = WebhookHeaders {
            id: header("webhook-id")?,
            timestamp: header("webhook-timestamp")?,
            signature: header("webhook-signature")?,
        };
        product.secrets.verify(&headers, body, self.context.world.now())
    }
}

impl<W: World> Endpoint for AppInfoEndpoint<W> {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        if let Some(response) = life(head) {
            return Err(response);
        }
        instance_id(head.uri.path()).ok_or_else(|| closed(StatusCode::NOT_FOUND))?;
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
        let Some(id) = instance_id(head.uri.path()) else {
            return closed(StatusCode::NOT_FOUND);
        };
        let carried_out = self.carry_out(&id, &head, &body).await;
        let status = status(carried_out);
        match carried_out {
            Ok(()) => tracing::info!(status = status.as_u16(), "access told"),
            // A stranger's noise.
            Err(fault @ AppInfoRefusal::Unverified(_)) => {
                tracing::info!(status = status.as_u16(), fault = %fault, "access refused");
            }
            Err(fault) => {
                tracing::warn!(status = status.as_u16(), fault = %fault, "access refused")
            }
        }
        let word = carried_out.err().map_or_else(|| "ok".to_owned(), |fault| fault.to_string());
        // Our own words hold nothing that JSON would have to escape.
        json(status, Bytes::from(format!(r#"{{"status":"{word}"}}"#)))
    }
}

fn status(carried_out: Result<(), AppInfoRefusal>) -> StatusCode {
    match carried_out {
        Ok(()) => StatusCode::OK,
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

/// The instance that a path names, if it is of this way in.
fn instance_id(path: &str) -> Option<InstanceId> {
    let name = path.strip_prefix("/instances/")?.strip_suffix("/app-info")?;
    let name = if name.contains('/') { None } else { query_string::decode(name, Plus::Kept) }?;
    InstanceId::parse(&name).ok()
}
