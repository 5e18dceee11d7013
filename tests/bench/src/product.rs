//! Measures how much time a callback loses to its product, and how fast the relay delivers notices.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use shell::context::Context;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::host::MachineWorld;
use shell::relay::Relay;
use shell::store::StoreSetting;
use tests::call::{APP_INFO, PENDING, PRODUCT_SECRET, config};

use crate::calls::purchase;
use crate::clock::now_millis;
use crate::connection::on_the_wire;
use crate::host::MeasuredHost;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget};

/// Purchases in a measurement, one after another.
const CALLS: usize = 100;
/// The deadline of decision G2, in milliseconds.
const DEADLINE_MILLIS: f64 = 4_000.0;

/// Measures callbacks with a product that never answers.
pub fn measure(receive: &Path, table: &mut FigureTable) -> Result<()> {
    let none = millis(receive, None, CALLS)?;
    let silent = millis(receive, Some(listen()?), 2 * CALLS)?;
    let last = |millis: &[f64]| millis.get(millis.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    let (worst, base) = (last(&silent), last(&none));
    let figure = "p99 with a product that never answers / none, ms";
    table.add(figure, [worst, base], worst / base, FigureTarget::AtMost(DEADLINE_MILLIS));
    Ok(())
}

/// The milliseconds of purchases, sorted.
fn millis(receive: &Path, product: Option<SocketAddr>, calls: usize) -> Result<Vec<f64>> {
    let address = product.map(|product| format!("http://{product}/"));
    let mut settings = vec![("KOOHOOK_STORE", "memory:"), ("KOOHOOK_APP_INFO", APP_INFO)];
    if let Some(address) = &address {
        settings.push(("KOOHOOK_PRODUCT_URL", address));
        settings.push(("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET));
    }
    let host = MeasuredHost::start(receive, &settings)?;
    let now = now_millis()?;
    let mut calls = (0..calls).map(|number| on_the_wire(&purchase(&format!("CS{number}"), now)));
    Ok(host.load(Duration::from_secs(60), &mut calls)?.millis)
}

/// A product that reads everything and never answers. It ends with this process.
fn listen() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(std::result::Result::ok) {
            // A caller that hangs up is not an error.
            std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()).is_ok());
        }
    });
    Ok(address)
}

/// Measures how many notices a second the relay delivers to a product that answers immediately.
pub fn measure_relay(constant: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let product = MeasuredHost::start(constant, &[])?;
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite:{}", folder.path().join("koohook.db").display());
    let baseline = notices_a_second("memory:", &product, pace)?;
    let redis = std::env::var("KOOHOOK_TEST_REDIS").ok();
    for (store, setting) in [("SQLite", Some(file)), ("Redis", redis)] {
        let Some(setting) = setting else { continue };
        let ours = notices_a_second(&setting, &product, pace)?;
        let figure = format!("notices a second, relay over {store} / over memory");
        table.add(&figure, [ours, baseline], ours / baseline, FigureTarget::None);
    }
    Ok(())
}

fn notices_a_second(store: &str, product: &MeasuredHost, pace: &Pace) -> Result<f64> {
    let address = format!("http://{}/", product.address);
    let mut settings = PENDING.to_vec();
    settings.extend([("KOOHOOK_PRODUCT_URL", address.as_str()), ("KOOHOOK_APP_INFO", APP_INFO)]);
    settings.push(("KOOHOOK_SEAL_KEY", crate::stores::SEAL_KEY));
    let config = config(&settings);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let store = StoreSetting::parse(store)?.open(false).await?;
        let context = Arc::new(Context::new(config.context, MachineWorld::new(store)));
        let endpoint =
            CallbackEndpoint::new(config.endpoint, &functions::BASE, Arc::clone(&context))?;
        let now = now_millis()?;
        for number in 0..pace.relayed {
            let request = purchase(&format!("CS{now}R{number}"), now_millis()?);
            endpoint.answer(request.map(Bytes::from)).await;
        }
        let started = Instant::now();
        let report = Relay::new(&context, Duration::from_secs(120)).run().await?;
        let seconds = started.elapsed().as_secs_f64();
        if report.delivered < pace.relayed {
            return Err(format!("the relay did not deliver every notice: {report:?}").into());
        }
        Ok(f64::from(u32::try_from(report.delivered)?) / seconds)
    })
}
