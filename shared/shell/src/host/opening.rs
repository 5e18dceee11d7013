//! Opens a store: for a function, for the relay, and for a command.

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
use crate::world::World;

/// The endpoint of a function on a real machine.
pub type MachineEndpoint = CallbackEndpoint<MachineWorld<AnyStore>>;
/// The context of that endpoint.
pub type MachineContext = Context<MachineWorld<AnyStore>>;

/// Opens the store and makes the endpoint.
///
/// # Errors
/// If the store cannot be opened, or a page cannot work with the settings.
pub async fn open(
    config: Config,
    rows: &[Row],
    on_function_platform: bool,
) -> Result<MachineEndpoint, HostError> {
    let Config { endpoint, context, store, .. } = config;
    let context = open_context(context, &store, on_function_platform).await?;
    Ok(CallbackEndpoint::new(endpoint, rows, context)?)
}

/// Opens the store and makes the context of a function. It makes only one check: without a seal
/// key, the store must not be sealed.
///
/// # Errors
/// If the store cannot be opened, or the store is sealed and there is no key.
pub async fn open_context(
    settings: ContextSettings,
    store: &StoreSetting,
    on_function_platform: bool,
) -> Result<Arc<MachineContext>, HostError> {
    let machine = machine(store.open_to_serve(on_function_platform).await?, &settings);
    let context = Context::new(settings, machine);
    if !context.settings.seal.seals() {
        prove_keys(&context.world, &context.settings.seal).await?;
    }
    Ok(Arc::new(context))
}

/// Opens the store and makes the context of a program that relays. It checks the keys and the
/// permissions.
///
/// # Errors
/// If the store cannot be opened, or if a check fails for a reason that does not go away.
pub async fn open_proven_context(
    settings: ContextSettings,
    store: &StoreSetting,
    on_function_platform: bool,
) -> Result<Arc<MachineContext>, HostError> {
    let store = store.open_to_serve(on_function_platform).await?;
    let machine = machine(store, &settings);
    let context = Context::new(settings, machine);
    if !context.world.store().is_unanswered() {
        prove(&context.world, &context.settings.seal).await?;
    }
    Ok(Arc::new(context))
}

/// Makes the world. Its calls to the product obey the product's guard.
fn machine(store: AnyStore, settings: &ContextSettings) -> MachineWorld<AnyStore> {
    let machine = MachineWorld::new(store);
    let Some(product) = &settings.product else { return machine };
    if product.is_told_in_clear() {
        tracing::warn!("product is called over http; credentials cross that network unencrypted");
    }
    machine.guarded(&product.guard)
}

/// Opens a store for a command that writes. A command never starts to seal a store with unencrypted
/// values: a server without a key would have to stop.
///
/// # Errors
/// If the store cannot be opened, the keys do not decrypt it, or a permission is missing.
pub async fn open_to_write(config: &StoreConfig) -> Result<MachineWorld<AnyStore>, HostError> {
    let world = MachineWorld::new(config.store.open(false).await?);
    if matches!(repository(&world, &config.seal).is_to_be_sealed().await, Ok(true)) {
        return Err(SettingError::new("KOOHOOK_SEAL_KEY", UNENCRYPTED).into());
    }
    prove(&world, &config.seal).await?;
    Ok(world)
}

/// Opens a store for a command that only reads. The store need not be writable.
///
/// # Errors
/// If the store cannot be opened, or the keys do not decrypt it.
pub async fn open_to_read(config: &StoreConfig) -> Result<MachineWorld<AnyStore>, HostError> {
    let world = MachineWorld::new(config.store.open_to_read().await?);
    let proven = repository(&world, &config.seal).prove_keys_to_read().await;
    judge(proven, &config.seal)?;
    Ok(world)
}

pub(super) const UNENCRYPTED: &str = "is set, but the values of this store are unencrypted; unset it here, or \
     first start koohook serve (or dev) with this key";
