//! Where `koohook dev` sends usage (话单). With generated keys it never goes to the real marketplace.

use std::future;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use protocol::open_api::OpenApiHost;
use serde_json::Value;
use shell::endpoint::{Admitted, Endpoint};
use shell::host;
use shell::store::StoreSetting;
use shell::usage_sender::UsageSending;
use simulator::usage::{ReceivedRecord, SimulatedInstance};
use tokio::net::TcpListener;

use super::settings::DevSettings;
use crate::error::CommandError;
use crate::generated;
use crate::output::outln;
use crate::shown::shown;
use crate::usage_interface::UsageInterface;

/// Where usage goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UsageRoute {
    /// To the host that is set.
    Named,
    /// To a simulated marketplace in this process.
    Simulated,
    /// Nowhere. It waits in the store.
    Waiting,
}

/// A marketplace that knows every instance, and prints what it receives.
struct PrintingMarketplace(UsageInterface);

impl UsageRoute {
    /// Chooses the route. Only made-up usage goes to the simulated marketplace: a store or a key that is
    /// set may be real, and its usage would never reach the real marketplace.
    pub fn of(settings: &DevSettings, store: &StoreSetting) -> Self {
        let has_made_up_key = settings.generated("KOOHOOK_BASE_KEY").is_some();
        let is_own_store = settings.generated("KOOHOOK_STORE").is_some();
        if HOST.into_iter().any(|name| settings.lookup(name).is_some()) {
            Self::Named
        } else if has_made_up_key && (is_own_store || matches!(store, StoreSetting::Memory)) {
            Self::Simulated
        } else {
            Self::Waiting
        }
    }

    /// Prints the route.
    pub fn announce(self) {
        match self {
            Self::Named => outln!("KOOHOOK_OPENAPI_HOST is set; koohook dev sends usage to it"),
            Self::Simulated => outln!(
                "KOOHOOK_OPENAPI_HOST is not set; koohook dev sends usage to a simulated marketplace, which \
                 prints it here"
            ),
            Self::Waiting => outln!(
                "KOOHOOK_OPENAPI_HOST is not set; koohook dev sends no usage, because the store or the key may \
                 be real"
            ),
        }
    }

    /// Starts the simulated marketplace if it is needed, and sets where usage goes.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(self, usage: &mut UsageSending) -> Result<(), CommandError> {
        match (self, &mut *usage) {
            (Self::Simulated, UsageSending::To(sender)) => {
                let key = sender.keys.current.as_str();
                sender.host = OpenApiHost::parse(&simulate(key).await?)?;
                sender.key = None;
            }
            (Self::Waiting, _) => *usage = UsageSending::Off,
            (Self::Named | Self::Simulated, _) => (),
        }
        Ok(())
    }
}

/// Serves a simulated marketplace until the process ends. Returns its address.
async fn simulate(key: &str) -> Result<String, CommandError> {
    let interface = UsageInterface::new(key);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let listener = interface.listener(listener);
    let marketplace = Arc::new(PrintingMarketplace(interface));
    tokio::spawn(host::http::serve_until(
        marketplace,
        listener,
        MAX_CONNECTIONS,
        future::pending(),
    ));
    Ok(address)
}

impl PrintingMarketplace {
    /// Checks the new records, and prints them.
    fn print(&self, before: usize) {
        self.0.with(|marketplace| {
            marketplace.run_background(generated::now_millis());
            marketplace.received_records().iter().skip(before).for_each(print);
        });
    }
}

impl Endpoint for PrintingMarketplace {
    fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        self.0.admit(head)
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let before = self.0.with(|marketplace| {
            for id in instances(request.body()) {
                marketplace.know(SimulatedInstance::new(&id, 0));
            }
            marketplace.received_records().len()
        });
        let answer = self.0.answer(request).await;
        self.print(before);
        answer
    }
}

/// The instances that a request names, the packages too.
fn instances(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let records = body.get("usage_records").and_then(Value::as_array);
    let ids = records.into_iter().flatten().flat_map(|record| {
        ["instance_id", "relate_pkg_instance"].map(|name| record.get(name).and_then(Value::as_str))
    });
    ids.flatten().map(str::to_owned).collect()
}

fn print(record: &ReceivedRecord) {
    let ReceivedRecord { instance_id, begin_time, end_time, usage_value, .. } = record;
    let verdict = record.rejected().map(|code| format!(", rejected: {}", code.text()));
    outln!(
        "simulated marketplace: {} used {usage_value} from {begin_time} to {end_time}{}",
        shown(instance_id),
        verdict.unwrap_or_default()
    );
}

/// The setting that names the marketplace.
const HOST: [&str; 2] = ["KOOHOOK_OPENAPI_HOST", "KOOHOOK_OPENAPI_HOST_FILE"];
/// More connections than the relay opens.
const MAX_CONNECTIONS: usize = 64;
