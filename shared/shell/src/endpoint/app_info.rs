//! The product's own way in: `PUT /instances/{instanceId}/app-info`, a Standard Webhook
//! (decision E3).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::entity::{Entity, EntityRecord, Subject};
use domain::page::Hear;
use domain::product::ProductError;
use domain::refusal::Refusal;
use domain::webhook::{WebhookError, WebhookHeaders};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use protocol::message::InstanceId;
use protocol::query::{self, Plus};
use protocol::signature::Interface;
use protocol::time::UnixMillis;
use thiserror::Error;

use crate::context::Context;
use crate::endpoint::{Admitted, Endpoint};
use crate::failure::Failure;
use crate::repository::Written;
use crate::route::{closed, json, life, not_allowed};
use crate::world::{Deadline, World};

/// Hears the product out.
pub struct AppInfoEndpoint<P, W> {
    page: P,
    context: Arc<Context<W>>,
}

/// Why what the product said has no effect. Shown to it, so that its developer sees what to do.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
enum Unheard {
    #[error(transparent)]
    Disbelieved(#[from] WebhookError),
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

impl<P: Hear, W: World> AppInfoEndpoint<P, W> {
    /// A way in to a context.
    pub const fn new(page: P, context: Arc<Context<W>>) -> Self {
        Self { page, context }
    }

    async fn hear(&self, id: &InstanceId, head: &Parts, body: &[u8]) -> Result<(), Unheard> {
        let at = self.believed(head, body)?;
        let told = self.page.read(id, body)?;
        let repository =
            self.context.repository(Deadline::after(self.context.world.elapsed(), BUDGET));
        let mut recalled = repository.read(&Subject::Instance(id.clone())).await?;
        loop {
            let kept = recalled.kept.clone().ok_or(Unheard::Unknown)?;
            let Entity::Instance(instance) = kept.entity.clone() else {
                return Err(Unheard::Unknown);
            };
            let decided = self.page.decide(&told, instance.clone(), at).map_err(Unheard::from)?;
            if decided == instance {
                return Ok(());
            }
            let kept = EntityRecord { entity: decided.into(), ..kept };
            match repository.write(&recalled, &kept).await? {
                Written::Won(_) => return Ok(()),
                Written::Lost(standing) => recalled = standing,
            }
            repository.rest().await?;
        }
    }

    fn believed(&self, head: &Parts, body: &[u8]) -> Result<UnixMillis, WebhookError> {
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

impl<P: Hear, W: World> Endpoint for AppInfoEndpoint<P, W> {
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
        let heard = self.hear(&id, &head, &body).await;
        let status = status(heard);
        match heard {
            Ok(()) => tracing::info!(status = status.as_u16(), "access told"),
            // A stranger's noise.
            Err(fault @ Unheard::Disbelieved(_)) => {
                tracing::info!(status = status.as_u16(), fault = %fault, "access refused");
            }
            Err(fault) => {
                tracing::warn!(status = status.as_u16(), fault = %fault, "access refused")
            }
        }
        let word = heard.err().map_or_else(|| "ok".to_owned(), |fault| fault.to_string());
        // Our own words hold nothing that JSON would have to escape.
        json(status, Bytes::from(format!(r#"{{"status":"{word}"}}"#)))
    }
}

fn status(heard: Result<(), Unheard>) -> StatusCode {
    match heard {
        Ok(()) => StatusCode::OK,
        Err(Unheard::Disbelieved(_)) => StatusCode::UNAUTHORIZED,
        Err(Unheard::Malformed(ProductError::Misdirected)) => StatusCode::BAD_REQUEST,
        Err(Unheard::Malformed(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Err(Unheard::Unknown) => StatusCode::NOT_FOUND,
        Err(Unheard::Gone) => StatusCode::GONE,
        Err(Unheard::Ready) => StatusCode::CONFLICT,
        Err(Unheard::Failed(_)) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<Refusal> for Unheard {
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
    let name = if name.contains('/') { None } else { query::decode(name, Plus::Kept) }?;
    InstanceId::parse(&name).ok()
}
