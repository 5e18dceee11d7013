//! Opens a store: for what serves and relays, and for a command.

use std::sync::Arc;

use domain::page::Row;
use domain::settings::SettingError;

use super::error::HostError;
use super::machine::MachineWorld;
use crate::config::{Config, StoreConfig};
use crate::context::{Context, ContextSettings};
use crate::endpoint::callbacks::CallbackEndpoint;
use crate::host::start_check::{judge, prove, prove_keys, repository};
use crate::store::{AnyStore, StoreSetting};

/// The endpoint of a function on a real machine.
pub type MachineEndpoint = CallbackEndpoint<MachineWorld<AnyStore>>;
/// The context behind it.
pub type MachineContext = Context<MachineWorld<AnyStore>>;

/// Opens the store and makes the endpoint.
///
/// # Errors
/// If the store does not open, or a page cannot work under the settings.
pub async fn open(
    config: Config,
    rows: &[Row],
    on_function_platform: bool,
) -> Result<MachineEndpoint, HostError> {
    let Config { endpoint, context, store, .. } = config;
    let context = open_context(context, &store, on_function_platform).await?;
    Ok(CallbackEndpoint::new(endpoint, rows, context)?)
}

/// Opens the store and makes the context of a function. The only proof at its start: without a seal
/// key, the store must not be sealed.
///
/// # Errors
/// If the store does not open.
pub async fn open_context(
    settings: ContextSettings,
    store: &StoreSetting,
    on_function_platform: bool,
) -> Result<Arc<MachineContext>, HostError> {
    let machine = machine(store.open(on_function_platform).await?, &settings);
    let context = Context::new(settings, machine);
    if !context.settings.seal.seals() {
        prove_keys(&context.world, &context.settings.seal).await?;
    }
    Ok(Arc::new(context))
}

/// Opens the store and makes the context of what relays: it proves its keys and its rights.
///
/// # Errors
/// If the store does not open, or refuses what will not heal.
pub async fn open_proven_context(
    settings: ContextSettings,
    store: &StoreSetting,
    on_function_platform: bool,
) -> Result<Arc<MachineContext>, HostError> {
    let store = store.open(on_function_platform).await?;
    let machine = machine(store, &settings);
    let context = Context::new(settings, machine);
    prove(&context.world, &context.settings.seal).await?;
    Ok(Arc::new(context))
}

/// The machine; calls to the product keep to its guard.
fn machine(store: AnyStore, settings: &ContextSettings) -> MachineWorld<AnyStore> {
    let machine = MachineWorld::new(store);
    let Some(product) = &settings.product else { return machine };
    if product.is_told_in_clear() {
        tracing::warn!("product is called over http: credentials cross that network in clear");
    }
    machine.guarded(&product.guard)
}

/// Opens a store for a command that writes. A command never begins to seal a store whose
/// values are in clear: a server without a key would stop.
///
/// # Errors
/// If the store does not open, its seal does not open, or it refuses what the command does.
pub async fn open_to_write(config: &StoreConfig) -> Result<MachineWorld<AnyStore>, HostError> {
    let world = MachineWorld::new(config.store.open(false).await?);
    if matches!(repository(&world, &config.seal).is_to_be_sealed().await, Ok(true)) {
        return Err(SettingError::new("KOOHOOK_SEAL_KEY", IN_CLEAR).into());
    }
    prove(&world, &config.seal).await?;
    Ok(world)
}

/// Opens a store for a command that reads. It need not be writable.
///
/// # Errors
/// If the store does not open, or its seal does not open.
pub async fn open_to_read(config: &StoreConfig) -> Result<MachineWorld<AnyStore>, HostError> {
    let world = MachineWorld::new(config.store.open_to_read().await?);
    let proven = repository(&world, &config.seal).prove_keys_to_read().await;
    judge(proven, &config.seal)?;
    Ok(world)
}

const IN_CLEAR: &str = "is set, and the values of this store are in clear: unset it here, or start \
     the koohook that serves with it first";
