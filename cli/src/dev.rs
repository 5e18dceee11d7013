//! `koohook dev`: the bundle on this machine, for as long as the seller develops.

use std::cell::RefCell;
use std::process::ExitCode;

use application_sync::secret::{PrivateKey, PrivateKeys, Size};
use clap::Args;
use sender::time::TimestampUnit;
use shell::config::{self, Config};
use shell::host;

use crate::bundle::{Everything, open};
use crate::demo::Only;
use crate::send::{Call, curl};
use crate::{Error, made_up};

/// Arguments of `koohook dev`.
#[derive(Args)]
#[command(after_help = "Examples:
  koohook dev
  KOOHOOK_LISTEN=127.0.0.1:9000 KOOHOOK_STORE=memory: koohook dev
  KOOHOOK_BASE_KEY_FILE=base.key koohook dev

Every KOOHOOK_… variable is honoured. What is missing is made up for this run and printed; state
stays in koohook.db in this folder unless KOOHOOK_STORE says otherwise.")]
pub struct Arguments {
    /// Print no calls to paste.
    #[arg(long)]
    quiet: bool,
}

/// Serves until the process is asked to stop.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let made_up = RefCell::new(Vec::new());
    let key = RefCell::new(String::new());
    let config = Config::read(&|name| {
        let set = config::variable(name);
        let found = set.or_else(|| make_up(name, &made_up));
        if name == "KOOHOOK_BASE_KEY" {
            found.clone().unwrap_or_default().clone_into(&mut key.borrow_mut());
        }
        found
    })?;
    host::start_log(&config.log);
    let (listen, max_connections) = (config.listen.clone(), config.max_connections);
    let address = format!("http://{listen}{}", config.door.base_path);
    for (name, value) in made_up.take() {
        println!("{name} is not set; for this run it is {}", shown(name.as_str(), &value));
    }
    if !config.desk.vault.seals() {
        println!("KOOHOOK_SEAL_KEY is not set: what is kept, client secrets too, lies in clear");
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (front, desk) = runtime.block_on(open::<Everything>(config))?;
    let key = key.take();
    if !arguments.quiet && !key.is_empty() {
        print_calls(&address, &key)?;
    }
    runtime.spawn(host::keep_relaying(desk));
    runtime.block_on(host::http::serve(front, &listen, max_connections))?;
    Ok(ExitCode::SUCCESS)
}

/// What a seller who just wants to try need not set.
fn make_up(name: &str, made_up: &RefCell<Vec<(String, String)>>) -> Option<String> {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let value = match name {
        _ if is_set(&format!("{name}_FILE")) => None,
        "KOOHOOK_STORE" => Some("sqlite:koohook.db".to_owned()),
        "KOOHOOK_BASE_KEY" | "KOOHOOK_KIT_KEY" => Some(made_up::access_key()),
        "KOOHOOK_RSA_PRIVATE_KEY" => private_key(),
        "KOOHOOK_PRODUCT_SECRET" if is_set("KOOHOOK_PRODUCT_URL") => {
            Some(format!("whsec_{}", made_up::seal_key().ok()?))
        }
        "KOOHOOK_APP_INFO" if !is_set("KOOHOOK_PRODUCT_URL") => Some(made_up::APP_INFO.to_owned()),
        _ => None,
    }?;
    let mut known = made_up.borrow_mut();
    if let Some((_, value)) = known.iter().find(|(known, _)| known == name) {
        return Some(value.clone());
    }
    known.push((name.to_owned(), value.clone()));
    Some(value)
}

/// A private key of any use only in this run.
fn private_key() -> Option<String> {
    PrivateKey::generate(Size::Bits3072).ok()?.to_pem().ok()
}

/// What is made up is shown, but for the private key: of that the console wants the other half.
fn shown(name: &str, value: &str) -> String {
    if name != "KOOHOOK_RSA_PRIVATE_KEY" {
        return value.to_owned();
    }
    let keys = PrivateKeys::parse(value).ok();
    let public = keys.and_then(|keys| keys.as_slice().first()?.public_text().ok());
    format!("made up, with the public key {}", public.unwrap_or_default())
}

fn print_calls(address: &str, key: &str) -> Result<(), Error> {
    let order = format!("CS{}DEV", made_up::now_millis());
    let line = format!("{order}-000001");
    let id = made_up::id();
    let calls = [
        (
            Only::V1,
            vec![
                ("activity", "newInstance"),
                ("orderId", &order),
                ("productId", "OFFI-made-up"),
                ("customerId", "made-up-customer"),
                ("businessId", &id),
            ],
        ),
        (
            Only::V2,
            vec![
                ("activity", "newInstance"),
                ("orderId", &order),
                ("orderLineId", &line),
                ("businessId", &id),
            ],
        ),
    ];
    println!("\nCalls to paste, signed just now (V2's is believed for 60 seconds):\n");
    for (contract, members) in calls {
        let members = members.into_iter().map(|(name, text)| (name.to_owned(), text.into()));
        let call = Call {
            contract,
            address: address.to_owned(),
            key: key.to_owned(),
            activity: "newInstance".to_owned(),
            members: members.collect(),
            unit: TimestampUnit::Milliseconds,
        };
        println!("{}\n", curl(&call.request()?));
    }
    println!("Fresh ones at any time, with this run's base key in KOOHOOK_BASE_KEY:\n");
    // Whoever came by `cargo run` has no `koohook` on the path.
    let koohook = if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "koohook" };
    let send = format!("{koohook} send --address {address} --v2");
    println!("  {send} newInstance orderId={order} orderLineId={line}");
    println!("  {send} --curl queryInstance instanceId=…\n");
    Ok(())
}
