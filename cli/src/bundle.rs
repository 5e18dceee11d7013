//! All callbacks, the product's `app-info` and `usage` endpoints, and the relay at one address. On a function platform
//! each of them is a separate function.

use std::sync::Arc;

use domain::page::Row;
use shell::config::Config;
use shell::endpoint::app_info::AppInfoEndpoint;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::endpoint::relay::RelayEndpoint;
use shell::endpoint::usage::UsageEndpoint;
use shell::endpoint::{Either, Endpoint};
use shell::host::{MachineContext, open_proven_context};

use crate::error::CommandError;

/// Opens the store and returns the endpoints, and the context that they share.
///
/// # Errors
/// If the store does not open, or a setting does not fit the callbacks.
pub async fn open(
    config: Config,
    rows: &[Row],
) -> Result<(Arc<impl Endpoint + use<>>, Arc<MachineContext>), CommandError> {
    let Config { endpoint, context, relay_secret, store, .. } = config;
    let has_product = context.product.is_some();
    let context = open_proven_context(context, &store, false).await?;
    let callbacks = CallbackEndpoint::new(endpoint, rows, Arc::clone(&context))?;
    let app_info = has_product.then(|| AppInfoEndpoint::new(Arc::clone(&context)));
    let usage = has_product.then(|| UsageEndpoint::new(Arc::clone(&context)));
    let relay = relay_secret.map(|secret| RelayEndpoint::new(Arc::clone(&context), secret));
    let for_product = Either(app_info, usage);
    Ok((Arc::new(Either(callbacks, Either(for_product, relay))), context))
}
