//! What the endpoints for the product's calls share: each call is a Standard Webhook, and some paths
//! name an instance (decisions E3, J1, J6).

use domain::webhook::{WebhookError, WebhookHeaders};
use http::request::Parts;
use protocol::message::InstanceId;
use protocol::query_string::{self, Plus};
use protocol::time::UnixMillis;

use crate::call_origin::CallOrigin;
use crate::context::Context;
use crate::world::World;

/// Verifies a call of the product. Returns when it was signed. Without a product, no call can be
/// verified.
pub(super) fn verify<W: World>(
    context: &Context<W>,
    head: &Parts,
    body: &[u8],
) -> Result<UnixMillis, WebhookError> {
    let product = context.settings.product.as_ref().ok_or(WebhookError::WrongSignature)?;
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
    let verified = product.secrets.verify_by(&headers, body, context.world.now())?;
    context.metrics.key_matched("product", verified.is_newest);
    Ok(verified.at)
}

/// Whether a line about a call that is not proven may be written. Anyone can send such a call. Returns
/// how many lines were left out before it, if any were.
pub(super) fn may_log_unproven(origin: Option<&CallOrigin>) -> Option<Option<u64>> {
    let process = origin.map(|origin| &origin.process);
    let unlogged = process.map_or(Some(0), |process| process.unproven.begin())?;
    Some(Some(unlogged).filter(|count| *count > 0))
}

/// The instance that the path `/instances/{instanceId}/{call}` names; `None` for any other path.
pub(super) fn instance_in_path(path: &str, call: &str) -> Option<InstanceId> {
    let name = path.strip_prefix("/instances/")?.strip_suffix(call)?.strip_suffix('/')?;
    let name = if name.contains('/') { None } else { query_string::decode(name, Plus::Kept) }?;
    InstanceId::parse(&name).ok()
}
