//! `koohook demo`: the main job, on a bare machine, in a few seconds.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::entity::{Entity, EntityRecord, Subject};
use domain::instance::{self, Access, Instance};
use domain::outbox::{Outbox, Reader};
use domain::webhook::WebhookSecrets;
use functions::application_sync::secret::{Oaep, PrivateKey, Size};
use protocol::message::InstanceId;
use shell::config::Config;
use shell::endpoint::Endpoint;
use shell::host::{self, MachineContext};
use shell::repository::Repository;
use shell::seal::{Clear, Seal, SealKey};
use shell::world::{Deadline, World};
use simulator::scenario::{self, State};
use simulator::time::TimestampUnit;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::bundle::{Everything, open};
use crate::command_line::program;
use crate::error::CommandError;
use crate::output::outln;
use crate::play::{Look, Player, Rules, Score, Seller};
use crate::stand_in::StandIn;
use crate::{made_up, told};

/// Arguments of `koohook demo`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook demo             both lives, a line a call
  koohook demo --only v2   one of them
  koohook demo --store redis://127.0.0.1:6379")]
pub struct DemoArguments {
    /// Keep state there, said as in KOOHOOK_STORE (which is not looked at: what is made up here
    /// stays there).
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Play one contract alone.
    #[arg(long, value_name = "CONTRACT")]
    only: Option<Only>,
}

/// A contract to play alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Only {
    /// Access guide 1.0.
    V1,
    /// Access guide 2.0.
    V2,
}

/// What a play needs: the seller's side of the wire, and a look at the store behind it.
pub struct Demo<'a> {
    /// Whom the marketplace calls.
    pub seller: Seller<'a>,
    /// The state of an instance.
    pub look: &'a (dyn Fn(&str) -> Option<State> + Sync),
    /// Whether an instance's buyer can get in.
    pub is_ready: &'a dyn Fn(&str) -> bool,
}

/// Starts the bundle, plays, and says whether everything was as it must be.
pub fn run(arguments: &DemoArguments) -> Result<ExitCode, CommandError> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("koohook.db");
    let (store, place) = match &arguments.store {
        Some(store) => (store.clone(), "the store that was named".to_owned()),
        None => (format!("sqlite:{}", file.display()), format!("SQLite in {}", file.display())),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let keys = Keys::make_up()?;
    outln!("koohook demo: over {place}");
    let mut scores = play_by_itself(&runtime, &store, &keys, arguments.only)?;
    scores.extend(play_with_product(&runtime, &store, &keys, arguments.only)?);
    Ok(conclude(&scores))
}

/// A seller without a product: every buyer gets the template's access data.
fn play_by_itself(
    runtime: &Runtime,
    store: &str,
    keys: &Keys,
    only: Option<Only>,
) -> Result<Vec<Score>, CommandError> {
    let template = ("KOOHOOK_APP_INFO", made_up::APP_INFO.to_owned());
    let served = start(runtime, store, keys, &[template])?;
    let kept = |id: &str| served.kept(runtime, keys, id);
    let look = |id: &str| state(&kept(id)?.entity);
    let seller = keys.seller(&served.address);
    let mut scores = Vec::new();
    for life in lives(only) {
        let score = play(seller, Some(&look), &life);
        let outbox = kept(&score.instance_id).map(|kept| kept.outbox);
        print_notices(&outbox.unwrap_or_default());
        scores.push(score);
    }
    for life in enterprises(only) {
        scores.push(play(seller, None, &life));
    }
    Ok(scores)
}

/// Plays one life by koohook's own rules.
pub fn play(seller: Seller, look: Option<Look>, life: &[scenario::Step]) -> Score {
    let mut player = Player::new(seller, Rules::Koohook(look));
    let failed = player.play(life);
    player.score(failed)
}

/// A seller with a product, which is down at first.
fn play_with_product(
    runtime: &Runtime,
    store: &str,
    keys: &Keys,
    only: Option<Only>,
) -> Result<Vec<Score>, CommandError> {
    let product = Arc::new(StandIn::down(WebhookSecrets::parse(&keys.product)?));
    let (address, _stop) = listen(runtime, Arc::clone(&product))?;
    let settings = [
        ("KOOHOOK_PRODUCT_URL", format!("{address}/notices")),
        ("KOOHOOK_PRODUCT_SECRET", keys.product.clone()),
    ];
    let served = start(runtime, store, keys, &settings)?;
    let kept = |id: &str| served.kept(runtime, keys, id);
    let look = |id: &str| state(&kept(id)?.entity);
    let ready = |id: &str| kept(id).is_some_and(|kept| is_ready(&kept.entity));
    let seller = keys.seller(&served.address);
    told::play(&Demo { seller, look: &look, is_ready: &ready }, &product, only)
}

/// Keys for one run.
struct Keys {
    base: String,
    kit: String,
    seal: String,
    product: String,
    private: String,
    sealed_secret: String,
}

impl Keys {
    fn make_up() -> Result<Self, CommandError> {
        let private = PrivateKey::generate(Size::Bits3072)?;
        Ok(Self {
            base: made_up::access_key(),
            kit: made_up::access_key(),
            // The same in every run: a store that is named may hold what an earlier run made up.
            seal: made_up::DEMO_SEAL_KEY.to_owned(),
            product: format!("whsec_{}", made_up::seal_key()?),
            private: private.to_pem()?,
            sealed_secret: private.seal(Oaep::Sha256Mgf1Sha1, "made-up-client-secret")?,
        })
    }

    fn seller<'a>(&'a self, address: &'a str) -> Seller<'a> {
        let Self { base, kit, sealed_secret, .. } = self;
        let unit = TimestampUnit::Milliseconds;
        Seller { address, access_key: base, kit_key: kit, sealed_secret, unit }
    }
}

/// What the product is to be told of a life: every change once, in order.
fn print_notices(outbox: &Outbox) {
    outln!("\n   recorded for the product, each once:");
    for notice in &outbox.waiting {
        outln!("   {:>4}  {}", notice.sequence(), notice.kind.as_str());
    }
}

/// Prints the sum of what was played, and what to do next.
fn conclude(scores: &[Score]) -> ExitCode {
    let calls: usize = scores.iter().map(|score| score.calls).sum();
    let failed: usize = scores.iter().map(|score| score.failed).sum();
    outln!("\n{calls} calls, {failed} lines failed.");
    print_next();
    if failed == 0 && calls > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_next() {
    let koohook = program();
    outln!("\nNext:\n  {koohook} dev: keeps it running, and prints what a second terminal needs");
    outln!("  {koohook} conform: plays the marketplace there, or against any address");
    outln!("  docs/product.md: says what your product answers; README.md has the settings");
}

/// The lives to play, of orders that no earlier run made.
pub fn lives(only: Option<Only>) -> Vec<Vec<scenario::Step>> {
    let now = made_up::now_millis();
    let order = format!("CS{now}DEMO");
    let v1 = (only != Some(Only::V2)).then(|| scenario::v1(&format!("{order}A"), now));
    let v2 = (only != Some(Only::V1)).then(|| scenario::v2(&format!("{order}B"), now));
    v1.into_iter().chain(v2).collect()
}

/// The lives of an enterprise under each contract.
pub fn enterprises(only: Option<Only>) -> Vec<Vec<scenario::Step>> {
    let now = made_up::now_millis();
    let (order, instance) = (format!("CS{now}KIT"), format!("instance-{now}"));
    let life = |letter: &str, life: fn(&str, &str, u64) -> Vec<scenario::Step>| {
        life(&format!("{instance}{letter}"), &format!("{order}{letter}"), now)
    };
    let v1 = (only != Some(Only::V2)).then(|| life("A", scenario::enterprise_v1));
    let v2 = (only != Some(Only::V1)).then(|| life("B", scenario::enterprise_v2));
    v1.into_iter().chain(v2).collect()
}

/// A bundle that is served until this is dropped, with the relay behind it.
struct Served {
    address: String,
    context: Arc<MachineContext>,
    relaying: JoinHandle<()>,
    _stop: oneshot::Sender<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.relaying.abort();
    }
}

impl Served {
    /// What stands in the store, read past the bundle.
    fn kept(&self, runtime: &Runtime, keys: &Keys, id: &str) -> Option<EntityRecord> {
        let subject = Subject::Instance(InstanceId::parse(id).ok()?);
        let world = &self.context.world;
        let deadline = Deadline::after(world.elapsed(), shell::endpoint::callbacks::BUDGET);
        let seal = Seal::new(Some(&SealKey::parse(&keys.seal).ok()?), None, Clear::Refused);
        let repository = Repository { world, seal: &seal, reader: Reader::Nobody, deadline };
        runtime.block_on(repository.read(&subject)).ok()?.kept
    }
}

/// Serves the bundle on a free port.
fn start(
    runtime: &Runtime,
    store: &str,
    keys: &Keys,
    settings: &[(&str, String)],
) -> Result<Served, CommandError> {
    let config = Config::read(&|name| match name {
        "KOOHOOK_STORE" => Some(store.to_owned()),
        "KOOHOOK_BASE_KEY" => Some(keys.base.clone()),
        "KOOHOOK_KIT_KEY" => Some(keys.kit.clone()),
        "KOOHOOK_SEAL_KEY" => Some(keys.seal.clone()),
        "KOOHOOK_RSA_PRIVATE_KEY" => Some(keys.private.clone()),
        _ => settings.iter().find(|(set, _)| *set == name).map(|(_, value)| value.clone()),
    })?;
    let base_path = config.endpoint.base_path.clone();
    let (front, context) = runtime.block_on(open::<Everything>(config))?;
    let (address, stop) = listen(runtime, front)?;
    let relaying = runtime.spawn(host::keep_relaying(Arc::clone(&context)));
    Ok(Served { address: format!("{address}{base_path}"), context, relaying, _stop: stop })
}

/// More than the demo opens.
const MAX_CONNECTIONS: usize = 1_024;

/// Serves a front on a free port until the sender is dropped.
fn listen<F: Endpoint>(
    runtime: &Runtime,
    front: Arc<F>,
) -> Result<(String, oneshot::Sender<()>), CommandError> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel();
    runtime.spawn(host::http::serve_until(front, listener, MAX_CONNECTIONS, async {
        // Stopped by a word or by the sender's end, either is an end.
        let _ = stopped.await;
    }));
    Ok((address, stop))
}

fn is_ready(entity: &Entity) -> bool {
    matches!(entity, Entity::Instance(Instance { access: Access::Ready(_), .. }))
}

fn state(entity: &Entity) -> Option<State> {
    match entity {
        Entity::Instance(Instance { state: instance::InstanceState::Active, .. }) => {
            Some(State::Active)
        }
        Entity::Instance(Instance { state: instance::InstanceState::Frozen(_), .. }) => {
            Some(State::Frozen)
        }
        Entity::Instance(Instance { state: instance::InstanceState::Released, .. }) => {
            Some(State::Released)
        }
        _ => None,
    }
}
