//! `koohook demo`: shows on one machine, in a few seconds, what koohook does.
//!
//! - `keys`: the keys that it generates. `table`: its lines.
//! - `stub_product`: a product on this machine. `late_product`: plays with a product that is down at
//!   first. `pay_per_use`: plays a product that is billed by its usage.

mod keys;
mod late_product;
mod pay_per_use;
mod stub_product;
mod table;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::entity::{Entity, Subject};
use domain::instance::{Access, Instance, InstanceState};
use domain::outbox::{Outbox, Reader};
use domain::record::EntityRecord;
use domain::webhook::WebhookSecrets;
use protocol::message::InstanceId;
use shell::config::Config;
use shell::endpoint::Endpoint;
use shell::host::http::Listener;
use shell::host::{self, MachineContext};
use shell::repository::Repository;
use shell::seal::{Clear, Seal, SealKey};
use shell::usage_sender::UsageSending;
use shell::world::{Deadline, World};
use simulator::scenario::{State, Step};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::keys::DemoKeys;
use self::stub_product::StubProduct;
use self::table::{ScenarioScore, play_steps};
use crate::bundle::open;
use crate::command_line::program;
use crate::error::CommandError;
use crate::options::AccessGuide;
use crate::output::outln;
use crate::player::{AnswerRules, Player, Seller, StateLookup};
use crate::{generated, scenario};

/// Arguments of `koohook demo`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook demo             play both contracts; each call prints one line
  koohook demo --only v2   play only contract V2
  koohook demo --store redis://127.0.0.1:6379

The demo does not read KOOHOOK_STORE, so that its data does not reach your store by accident.")]
pub struct DemoArguments {
    /// The store, written like KOOHOOK_STORE; the data stays in it [default: a temporary SQLite file].
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Play only this contract [default: both contracts].
    #[arg(long, value_name = "CONTRACT")]
    only: Option<AccessGuide>,
}

/// A seller's server, and access to its store.
struct ObservedSeller<'a> {
    /// The server that the marketplace calls.
    seller: Seller<'a>,
    /// Looks up the state of an instance.
    state: StateLookup<'a>,
    /// Whether an instance has access data.
    is_ready: &'a dyn Fn(&str) -> bool,
}

/// A running koohook. It stops when this is dropped.
struct ServedBundle {
    /// The production address.
    address: String,
    /// The address without the path of the callbacks.
    origin: String,
    context: Arc<MachineContext>,
    /// Its relay; `None` if the demo runs the relay, as a timer does.
    relaying: Option<JoinHandle<()>>,
    _stop: oneshot::Sender<()>,
}

impl Drop for ServedBundle {
    fn drop(&mut self) {
        self.relaying.iter().for_each(JoinHandle::abort);
    }
}

impl ServedBundle {
    /// Lets the relay run once a second.
    fn with_relay(mut self, runtime: &Runtime) -> Self {
        self.relaying = Some(runtime.spawn(host::keep_relaying(Arc::clone(&self.context))));
        self
    }

    /// The stored record of an instance. The demo reads it from the store itself.
    fn record(&self, runtime: &Runtime, keys: &DemoKeys, id: &str) -> Option<EntityRecord> {
        let subject = Subject::Instance(InstanceId::parse(id).ok()?);
        let world = &self.context.world;
        let deadline = Deadline::after(world.elapsed(), shell::endpoint::callbacks::BUDGET);
        let seal = Seal::new(Some(&SealKey::parse(&keys.seal).ok()?), None, Clear::Refused);
        let repository = Repository::new(world, &seal, Reader::Operator, deadline);
        Some(runtime.block_on(repository.read(&subject)).ok()?.found?.record)
    }
}

/// Starts koohook and plays the scenarios. The exit code is 0 if every line was right.
pub fn run(arguments: &DemoArguments) -> Result<ExitCode, CommandError> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("koohook.db");
    let (store, place) = match &arguments.store {
        Some(store) => (store.clone(), "the given store".to_owned()),
        None => (format!("sqlite:{}", file.display()), format!("SQLite in {}", file.display())),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let keys = DemoKeys::generate()?;
    outln!("koohook demo: the store is {place}");
    let mut scores = play_without_product(&runtime, &store, &keys, arguments.only)?;
    scores.extend(play_with_product(&runtime, &store, &keys, arguments.only)?);
    scores.extend(pay_per_use::play(&runtime, &store, &keys, arguments.only)?);
    Ok(conclude(&scores))
}

/// Plays a seller without a product. Every buyer gets the template's access data.
fn play_without_product(
    runtime: &Runtime,
    store: &str,
    keys: &DemoKeys,
    only: Option<AccessGuide>,
) -> Result<Vec<ScenarioScore>, CommandError> {
    let template = ("KOOHOOK_APP_INFO", generated::APP_INFO.to_owned());
    let served = start(runtime, store, keys, &[template])?.with_relay(runtime);
    let record = |id: &str| served.record(runtime, keys, id);
    let look = |id: &str| state(&record(id)?.entity);
    let seller = keys.seller(&served.address);
    let mut scores = Vec::new();
    for scenario in scenario::purchases(only) {
        let score = play_scenario(seller, Some(&look), &scenario);
        let outbox = record(&score.instance_id).map(|record| record.outbox);
        print_notices(&outbox.unwrap_or_default());
        scores.push(score);
    }
    for scenario in scenario::enterprises(only) {
        scores.push(play_scenario(seller, None, &scenario));
    }
    Ok(scores)
}

/// Plays one scenario by koohook's own rules.
fn play_scenario(seller: Seller, state: Option<StateLookup>, scenario: &[Step]) -> ScenarioScore {
    let mut player = Player::new(seller, AnswerRules::Koohook(state));
    let failed = play_steps(&mut player, scenario);
    ScenarioScore::new(&player, failed)
}

/// Plays a seller with a product that is down at first.
fn play_with_product(
    runtime: &Runtime,
    store: &str,
    keys: &DemoKeys,
    only: Option<AccessGuide>,
) -> Result<Vec<ScenarioScore>, CommandError> {
    let product = Arc::new(StubProduct::down(WebhookSecrets::parse(&keys.product)?));
    let (address, _stop) = listen(runtime, Arc::clone(&product))?;
    let settings = [
        ("KOOHOOK_PRODUCT_URL", format!("{address}/notices")),
        ("KOOHOOK_PRODUCT_SECRET", keys.product.clone()),
    ];
    let served = start(runtime, store, keys, &settings)?.with_relay(runtime);
    let record = |id: &str| served.record(runtime, keys, id);
    let look = |id: &str| state(&record(id)?.entity);
    let ready = |id: &str| record(id).is_some_and(|record| is_ready(&record.entity));
    let seller = keys.seller(&served.address);
    let observed = ObservedSeller { seller, state: &look, is_ready: &ready };
    late_product::play(&observed, &product, only)
}

/// Prints the notices of a scenario. Each change has one notice, in order.
fn print_notices(outbox: &Outbox) {
    outln!("\n   notices that koohook recorded for the product, each once:");
    for notice in &outbox.waiting {
        outln!("   {:>4}  {}", notice.sequence(), notice.kind.as_str());
    }
}

/// Prints the counts and the next steps. Returns the exit code.
fn conclude(scores: &[ScenarioScore]) -> ExitCode {
    let calls: usize = scores.iter().map(|score| score.calls).sum();
    let failed: usize = scores.iter().map(|score| score.failed).sum();
    outln!("\n{calls} calls, {failed} lines failed.");
    print_next();
    if failed == 0 && calls > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_next() {
    let koohook = program();
    outln!("\nNext:\n  {koohook} dev: runs koohook, and prints the settings for a second terminal");
    outln!("  {koohook} conform: plays the marketplace against that server, or against any other");
    outln!("  docs/product.md: what your product must answer; docs/configuration.md: the settings");
}

/// Starts koohook on a free port, without a relay.
fn start(
    runtime: &Runtime,
    store: &str,
    keys: &DemoKeys,
    settings: &[(&str, String)],
) -> Result<ServedBundle, CommandError> {
    let mut config = Config::read(&|name| match name {
        "KOOHOOK_STORE" => Some(store.to_owned()),
        "KOOHOOK_BASE_KEY" => Some(keys.base.clone()),
        "KOOHOOK_KIT_KEY" => Some(keys.kit.clone()),
        "KOOHOOK_SEAL_KEY" => Some(keys.seal.clone()),
        "KOOHOOK_RSA_PRIVATE_KEY" => Some(keys.private.clone()),
        _ => settings.iter().find(|(set, _)| *set == name).map(|(_, value)| value.clone()),
    })?;
    // The keys are generated: usage must not reach the real marketplace.
    if settings.iter().all(|(name, _)| *name != "KOOHOOK_OPENAPI_HOST") {
        config.context.usage = UsageSending::Off;
    }
    let base_path = config.endpoint.base_path.clone();
    let (endpoint, context) = runtime.block_on(open(config, &functions::everything()))?;
    let (origin, stop) = listen(runtime, endpoint)?;
    let address = format!("{origin}{base_path}");
    Ok(ServedBundle { address, origin, context, relaying: None, _stop: stop })
}

/// Serves an endpoint on a free port until the returned sender is dropped.
fn listen<F: Endpoint>(
    runtime: &Runtime,
    endpoint: Arc<F>,
) -> Result<(String, oneshot::Sender<()>), CommandError> {
    let (listener, address) = bind(runtime)?;
    Ok((address, listen_on(runtime, endpoint, listener)))
}

/// Binds a free port.
fn bind(runtime: &Runtime) -> Result<(TcpListener, String), CommandError> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = format!("http://{}", listener.local_addr()?);
    Ok((listener, address))
}

/// Serves an endpoint on a listener until the returned sender is dropped.
fn listen_on<F: Endpoint, L: Listener + 'static>(
    runtime: &Runtime,
    endpoint: Arc<F>,
    listener: L,
) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel();
    runtime.spawn(host::http::serve_until(endpoint, listener, MAX_CONNECTIONS, async {
        // The endpoint also stops if the sender is dropped.
        let _ = stopped.await;
    }));
    stop
}

fn is_ready(entity: &Entity) -> bool {
    matches!(entity, Entity::Instance(Instance { access: Access::Ready(_), .. }))
}

fn state(entity: &Entity) -> Option<State> {
    let Entity::Instance(instance) = entity else { return None };
    Some(match instance.state {
        InstanceState::Active => State::Active,
        InstanceState::Frozen(_) => State::Frozen,
        InstanceState::Released => State::Released,
    })
}

/// More connections than the demo opens.
const MAX_CONNECTIONS: usize = 1_024;
