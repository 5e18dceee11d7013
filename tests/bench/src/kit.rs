//! Measures the expensive calls of the kit: a list of ten thousand departments, one more change to
//! it, and a secret that is encrypted with RSA.

use std::time::Instant;

use bytes::Bytes;
use domain::page::Row;
use functions::application_sync::secret::{Oaep, PrivateKey, Size};
use http::Request;
use shell::store::Store;
use shell::store::memory::Memory;
use shell::store::sqlite::Sqlite;
use simulator::answer::Answer;
use tests::call::{ADDRESS, Koohook, PRODUCT_SECRET, run};
use tests::world::NOW;

use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget, median};

const KIT_KEY: &str = "constructed-kit-key-0002";
const DEPARTMENTS: usize = 10_000;

/// Measures lists over SQLite and over memory, and calls with a secret and forged calls.
pub fn measure(pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut on_disk, mut in_memory, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut costs = [0.0; 2];
    for round in 0..pace.rounds {
        let file = folder.path().join(format!("{round}.db"));
        let (disk, cost) = list(Sqlite::open(&file)?)?;
        let (memory, _) = list(Memory::new())?;
        ratios.push(disk / memory);
        on_disk.push(disk);
        in_memory.push(memory);
        costs = cost;
    }
    let medians = [median(on_disk), median(in_memory)];
    let figure = "allOrgSync of 10,000, ms: SQLite / memory";
    table.add(figure, medians, median(ratios), FigureTarget::AtMost(1_000.0));
    let [all, one] = costs;
    table.add("values it writes / singleOrgSync writes", costs, all / one, FigureTarget::None);
    secrets(pace, table)
}

/// The milliseconds of a full list, and the numbers of values that the list and a single change to
/// it write.
fn list<S: Store>(store: S) -> Result<(f64, [f64; 2])> {
    let koohook = kit(&[functions::ALL_ORG_SYNC, functions::SINGLE_ORG_SYNC], store, None);
    let name = |code: usize| format!(r#"{{"orgCode":"{code}","orgName":"Department {code}"}}"#);
    let list: Vec<String> = (0..DEPARTMENTS).map(name).collect();
    let all = format!(r#"{{"instanceId":"i","orgInfoList":[{}],{}"#, list.join(","), tail(NOW));
    let millis = timed(&koohook, "allOrgSync", all.as_bytes(), NOW, "000000")?;
    let (_, by_all) = koohook.store().take_counts();
    let one = r#"{"flag":1,"instanceId":"i","orgCode":"1","orgName":"Other","#;
    let one = format!("{one}{}", tail(NOW + 1));
    timed(&koohook, "singleOrgSync", one.as_bytes(), NOW, "000000")?;
    let (_, by_one) = koohook.store().take_counts();
    Ok((millis, [f64::from(u32::try_from(by_all)?), f64::from(u32::try_from(by_one)?)]))
}

fn secrets(pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let key = PrivateKey::generate(Size::Bits3072)?;
    let sealed = key.seal(Oaep::Sha256Mgf1Sha1, "made-up-client-secret")?;
    let koohook = kit(&[functions::APPLICATION_SYNC], Memory::new(), Some(&key.to_pem()?));
    let body = format!(
        r#"{{"appId":"a","clientId":"c","clientSecret":"{sealed}","flag":1,"instanceId":"i",{}"#,
        tail(NOW)
    );
    let forged = body.replace("\"flag\":1", "\"flag\":2");
    let (mut decrypted, mut rejected) = (Vec::new(), Vec::new());
    for _ in 0..pace.rounds {
        decrypted.push(timed(&koohook, "applicationSync", body.as_bytes(), NOW, "000000")?);
        let signed = request("applicationSync", body.as_bytes(), NOW)?;
        let (head, _) = signed.into_parts();
        let forged = Request::from_parts(head, Bytes::from(forged.clone()));
        rejected.push(answer_in_millis(&koohook, forged, "000001")?);
    }
    let medians = [median(decrypted), median(rejected)];
    let [decrypted, rejected] = medians;
    table.add(
        "applicationSync, ms: RSA-3072 / forged",
        medians,
        decrypted / rejected,
        FigureTarget::None,
    );
    Ok(())
}

fn kit<S: Store>(rows: &[Row], store: S, pem: Option<&str>) -> Koohook<S> {
    let settings = [
        ("KOOHOOK_KIT_KEY", KIT_KEY),
        ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
        ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
        ("KOOHOOK_STORE", "memory:"),
    ];
    let pem = pem.map(|pem| ("KOOHOOK_RSA_PRIVATE_KEY", pem));
    let settings: Vec<_> = settings.into_iter().chain(pem).collect();
    Koohook::serving(rows, store, &settings)
}

/// The last members of every call.
fn tail(millis: u64) -> String {
    let time = simulator::time::in_china(millis);
    format!(r#""tenantId":"t","testFlag":0,"timeStamp":"{time}"}}"#)
}

fn timed<S: Store>(
    koohook: &Koohook<S>,
    name: &str,
    body: &[u8],
    now: u64,
    code: &str,
) -> Result<f64> {
    answer_in_millis(koohook, request(name, body, now)?, code)
}

fn request(name: &str, body: &[u8], now: u64) -> Result<Request<Bytes>> {
    let request = simulator::kit_v2::request(
        ADDRESS,
        name,
        KIT_KEY,
        &now.to_string(),
        "made-up-nonce",
        body,
    )?;
    Ok(request.map(Bytes::from))
}

fn answer_in_millis<S: Store>(
    koohook: &Koohook<S>,
    request: Request<Bytes>,
    code: &str,
) -> Result<f64> {
    let started = Instant::now();
    let response = run(koohook.endpoint.answer(request));
    let millis = started.elapsed().as_secs_f64() * 1_000.0;
    let answer = Answer::read(&response.map(|body| body.to_vec()))?;
    if answer.code == code { Ok(millis) } else { Err(format!("answered {}", answer.code).into()) }
}
