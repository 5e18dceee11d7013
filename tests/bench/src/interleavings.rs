//! Measures how many deliveries a second one core can simulate: the real endpoint over the memory
//! store, with real signatures and without a runtime. The requests are signed before the
//! measurement starts.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use http::Request;
use protocol::access_key::AccessKey;
use protocol::signature::{body_sign, sign};
use shell::store::memory::Memory;
use tests::call::BASE_KEY;
use tests::world::NOW;

use crate::calls::{SUCCESS, answer, koohook, purchase, refresh};
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget, paired};

/// Measures purchases and their renewals, each delivered twice.
pub fn measure(pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let requests: Vec<_> = (0..pace.purchases).flat_map(purchase_and_renewal).collect();
    let count = f64::from(u32::try_from(requests.len())?);
    let (mut ours, mut baseline) = (Vec::new(), Vec::new());
    for _ in 0..pace.rounds {
        ours.push(count / deliver(&requests)?);
        baseline.push(count / only_sign(&requests)?);
    }
    let (medians, ratio) = paired(ours, baseline);
    let figure = "simulated deliveries a second / only signatures";
    table.add(figure, medians, ratio, FigureTarget::AtLeast(50_000.0));
    Ok(())
}

fn purchase_and_renewal(number: usize) -> [Request<Bytes>; 4] {
    let order = format!("CS{number:014}");
    let [purchase, refresh] = [purchase, refresh].map(|call| call(&order, NOW).map(Bytes::from));
    [purchase.clone(), purchase, refresh.clone(), refresh]
}

/// The seconds that a new koohook needs for all requests.
fn deliver(requests: &[Request<Bytes>]) -> Result<f64> {
    let koohook = koohook(Memory::new())?;
    let requests = requests.to_vec();
    let started = Instant::now();
    for request in requests {
        black_box(answer(&koohook, request)?);
    }
    Ok(started.elapsed().as_secs_f64())
}

/// The seconds for the least possible work: the signature of each request and of an answer.
fn only_sign(requests: &[Request<Bytes>]) -> Result<f64> {
    let key = AccessKey::parse(BASE_KEY)?;
    let started = Instant::now();
    for request in requests {
        signatures(&key, request);
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Computes the signature of a request and the signature of an answer to it.
pub fn signatures(key: &AccessKey, request: &Request<Bytes>) {
    let nonce = black_box("87b94795-0603-4e24-8ae5-69420d60e3c887b94795-0603-4e24-8ae5-6942");
    black_box(sign(key.as_str(), nonce, "1791234567000", request.body()));
    black_box(body_sign(key, black_box(SUCCESS)));
}
