//! The line of a start: what this process serves, and with what (decision I5).

use super::opening::MachineContext;
use super::platform::Platform;
use crate::config::Config;
use crate::world::World;

/// The settings that the line of a start contains.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StartFacts {
    /// The interfaces that have a key.
    pub contracts: String,
    /// The kind and the place of the store.
    pub store: String,
}

/// Whether the relay runs in a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RelayHere {
    /// The process runs it itself.
    Yes,
    /// A timer or another process runs it.
    No,
}

impl StartFacts {
    /// Reads the facts from the settings.
    pub fn of(config: &Config) -> Self {
        let keys = [
            (config.endpoint.base_keys.is_some(), "base V1, base V2"),
            (config.endpoint.kit_keys.is_some(), "kit V1, kit V2"),
        ];
        let served: Vec<_> = keys.into_iter().filter(|(is_set, _)| *is_set).collect();
        let contracts: Vec<_> = served.into_iter().map(|(_, name)| name).collect();
        Self { contracts: contracts.join(", "), store: config.store.place() }
    }

    /// Logs the start. `listen` is the address of a process that listens.
    pub fn log(&self, context: &MachineContext, relay: RelayHere, listen: Option<&str>) {
        let product = context.settings.product.as_ref();
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            contracts = self.contracts,
            store = self.store,
            grade = context.world.store().grade(),
            product = product.and_then(|product| product.address.host()),
            relay = relay == RelayHere::Yes,
            listen,
            headers = Platform::here().lowers_headers().then_some(LOWERED),
            "started"
        );
    }
}

/// What the line says if the host writes the names of headers in lower case.
const LOWERED: &str = "lower case: use only V2";
