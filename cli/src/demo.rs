//! `koohook demo`: the main job, on a bare machine, in a few seconds.

use std::process::ExitCode;
use std::sync::Arc;

use application_sync::secret::{Oaep, PrivateKey, Size};
use clap::Args;
use marketplace::entity::{Entity, Kept, Subject};
use marketplace::instance::{self, Instance};
use marketplace::message::InstanceId;
use marketplace::outbox::{Outbox, Reader};
use sender::life::{self, State};
use shell::config::Config;
use shell::host::{self, MachineDoor};
use shell::shelf::Shelf;
use shell::vault::{Clear, SealKey, Vault};
use shell::world::{Deadline, World};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::bundle::Everything;
use crate::play::{Player, Score, Seller};
use crate::{Error, made_up};

/// Arguments of `koohook demo`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook demo             both lives, a line a call
  koohook demo --only v2   one of them
  koohook demo --store redis://127.0.0.1:6379")]
pub struct Arguments {
    /// Keep state there, said as in KOOHOOK_STORE (which is not looked at: what is made up here
    /// stays there, sealed with a key that is forgotten).
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

/// Starts the bundle, plays, and says whether everything was as it must be.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("koohook.db");
    let (store, place) = match &arguments.store {
        Some(store) => (store.clone(), "the store that was named".to_owned()),
        None => (format!("sqlite:{}", file.display()), format!("SQLite in {}", file.display())),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let keys = Keys::make_up()?;
    let (address, door, stop) = start(&runtime, &store, &keys)?;
    let seller = Seller {
        address: &address,
        access_key: &keys.base,
        kit_key: &keys.kit,
        sealed_secret: &keys.sealed_secret,
    };
    println!("koohook demo: {address} over {place}");
    println!("Made-up access keys: {} (base), {} (kit)", keys.base, keys.kit);

    let vault = Vault::new(Some(&SealKey::parse(&keys.seal)?), None, Clear::Refused);
    let kept = |id: &str| kept(&runtime, &door, &vault, id);
    let look = |id: &str| state(&kept(id)?.entity);
    let mut scores = Vec::new();
    for life in lives(arguments.only) {
        let score = Player::new(seller, Some(&look)).play(&life);
        let told = kept(&score.instance_id).map(|kept| kept.outbox);
        print_notices(&told.unwrap_or_default());
        scores.push(score);
    }
    for life in enterprises(arguments.only) {
        scores.push(Player::new(seller, None).play(&life));
    }
    drop(stop);
    Ok(conclude(&scores))
}

/// Keys for one run.
struct Keys {
    base: String,
    kit: String,
    seal: String,
    private: String,
    sealed_secret: String,
}

impl Keys {
    fn make_up() -> Result<Self, Error> {
        let private = PrivateKey::generate(Size::Bits3072)?;
        Ok(Self {
            base: made_up::access_key(),
            kit: made_up::access_key(),
            seal: made_up::seal_key()?,
            private: private.to_pem()?,
            sealed_secret: private.seal(Oaep::Sha256Mgf1Sha1, "made-up-client-secret")?,
        })
    }
}

/// What the product is to be told of a life: every change once, in order.
fn print_notices(outbox: &Outbox) {
    println!("\n   recorded for the product, each once:");
    for notice in &outbox.waiting {
        println!("   {:>4}  {}", notice.sequence(), notice.kind.as_str());
    }
}

/// Prints the sum of what was played.
pub fn conclude(scores: &[Score]) -> ExitCode {
    let calls: usize = scores.iter().map(|score| score.calls).sum();
    let failed: usize = scores.iter().map(|score| score.failed).sum();
    println!("\n{calls} calls, {failed} lines failed.");
    if failed == 0 && calls > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The lives to play, of orders that no earlier run made.
pub fn lives(only: Option<Only>) -> Vec<Vec<life::Step>> {
    let now = made_up::now_millis();
    let order = format!("CS{now}DEMO");
    let v1 = (only != Some(Only::V2)).then(|| life::v1(&format!("{order}A"), now));
    let v2 = (only != Some(Only::V1)).then(|| life::v2(&format!("{order}B"), now));
    v1.into_iter().chain(v2).collect()
}

/// The lives of an enterprise under each contract.
pub fn enterprises(only: Option<Only>) -> Vec<Vec<life::Step>> {
    let now = made_up::now_millis();
    let (order, instance) = (format!("CS{now}KIT"), format!("instance-{now}"));
    let life = |letter: &str, life: fn(&str, &str, u64) -> Vec<life::Step>| {
        life(&format!("{instance}{letter}"), &format!("{order}{letter}"), now)
    };
    let v1 = (only != Some(Only::V2)).then(|| life("A", life::enterprise_v1));
    let v2 = (only != Some(Only::V1)).then(|| life("B", life::enterprise_v2));
    v1.into_iter().chain(v2).collect()
}

type Everywhere = Arc<MachineDoor<Everything>>;

/// Serves the bundle on a free port until the sender is dropped.
fn start(
    runtime: &Runtime,
    store: &str,
    keys: &Keys,
) -> Result<(String, Everywhere, oneshot::Sender<()>), Error> {
    let config = Config::read(&|name| match name {
        "KOOHOOK_STORE" => Some(store.to_owned()),
        "KOOHOOK_BASE_KEY" => Some(keys.base.clone()),
        "KOOHOOK_KIT_KEY" => Some(keys.kit.clone()),
        "KOOHOOK_SEAL_KEY" => Some(keys.seal.clone()),
        "KOOHOOK_RSA_PRIVATE_KEY" => Some(keys.private.clone()),
        "KOOHOOK_APP_INFO" => Some(made_up::APP_INFO.to_owned()),
        _ => None,
    })?;
    let base_path = config.door.base_path.clone();
    let door = Arc::new(runtime.block_on(host::open::<Everything>(config, false))?);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = format!("http://{}{base_path}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel();
    runtime.spawn(host::http::serve_until(Arc::clone(&door), listener, async {
        // Stopped by a word or by the sender's end, either is an end.
        let _ = stopped.await;
    }));
    Ok((address, door, stop))
}

/// What stands in the store, read past the bundle.
fn kept(runtime: &Runtime, door: &Everywhere, vault: &Vault, id: &str) -> Option<Kept> {
    let subject = Subject::Instance(InstanceId::parse(id).ok()?);
    let world = door.world();
    let deadline = Deadline::after(world.elapsed(), shell::door::BUDGET);
    let shelf = Shelf { world, vault, reader: Reader::Nobody, deadline };
    runtime.block_on(shelf.read(&subject)).ok()?.kept
}

fn state(entity: &Entity) -> Option<State> {
    match entity {
        Entity::Instance(Instance { state: instance::State::Active, .. }) => Some(State::Active),
        Entity::Instance(Instance { state: instance::State::Frozen(_), .. }) => Some(State::Frozen),
        Entity::Instance(Instance { state: instance::State::Released, .. }) => {
            Some(State::Released)
        }
        _ => None,
    }
}
