//! How many purchases a second one process answers over a store, without HTTP.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use shell::context::Context;
use shell::endpoint::callbacks::CallbackEndpoint;
use shell::host::MachineWorld;
use shell::store::StoreSetting;
use tests::call::{SETTINGS, config};

use crate::calls::purchase;
use crate::clock::now_millis;
use crate::outcome::Result;
use crate::stores::SEAL_KEY;

/// Purchases that are answered concurrently.
const AT_ONCE: usize = 64;

/// Answers so many purchases. Returns how many a second.
pub fn a_second(store: &str, count: usize) -> Result<f64> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let config = config(&[&SETTINGS[..], &[("KOOHOOK_SEAL_KEY", SEAL_KEY)]].concat());
        let store = StoreSetting::parse(store)?.open(false).await?;
        let context = Arc::new(Context::new(config.context, MachineWorld::new(store)));
        let bundle = CallbackEndpoint::new(config.endpoint, &functions::BASE, context)?;
        let bundle = Arc::new(bundle);
        let (began, now) = (Instant::now(), now_millis()?);
        let answers = (0..count).map(|number| {
            let bundle = Arc::clone(&bundle);
            let request = purchase(&format!("CS{now}P{number}"), now);
            tokio::spawn(async move { bundle.answer(request.map(Bytes::from)).await })
        });
        let answers: Vec<_> = stream::iter(answers).buffer_unordered(AT_ONCE).collect().await;
        let is_success = |answer: &http::Response<Bytes>| {
            answer.body().windows(8).any(|text| text == b"\"000000\"")
        };
        let good = answers.iter().flatten().filter(|answer| is_success(answer)).count();
        if good < count {
            return Err(format!("{good} of {count} purchases succeeded").into());
        }
        Ok(f64::from(u32::try_from(count)?) / began.elapsed().as_secs_f64())
    })
}
