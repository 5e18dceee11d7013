//! A store with instances and their usage, and what the marketplace answered about it.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use domain::instance::ClockTrust;
use domain::outbox::Reader;
use domain::usage::{InstanceUsage, RecordState, SendOutcome, TakeRules, UsageCycle};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde_json::Value;
use shell::config::StoreConfig;
use shell::host::open_to_write;
use shell::repository::{Repository, UsageSlot, UsageUpdate};
use shell::world::{Deadline, World};

use crate::notices::shop::Shop;
use crate::{Finished, SEAL_KEY, row};

/// A store with three imported instances.
pub struct UsageSeller {
    pub shop: Shop,
    store: String,
}

impl UsageSeller {
    pub fn open(store: &str) -> Self {
        let shop = Shop::open(store);
        let rows: String = (1..=3).map(|number| row(number, "active")).collect();
        shop.folder.write("rows.jsonl", rows.as_bytes());
        shop.koohook(&["import", "rows.jsonl"]).check(0, "3 imported", "");
        Self { shop, store: store.to_owned() }
    }

    pub fn usage(&self, arguments: &[&str]) -> Finished {
        self.shop.koohook(&[&["usage"], arguments].concat())
    }

    /// Reports records over the standard input.
    pub fn report(&self, records: &[String]) -> Finished {
        let mut command = self.shop.command(&["usage", "report", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(records.concat().as_bytes()).unwrap();
        Finished::of(child.wait_with_output().unwrap())
    }

    /// What a command prints with `-o json`.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let done = self.usage(&[arguments, &["-o", "json"]].concat());
        done.check(0, "", "");
        serde_json::from_str(&done.out).unwrap()
    }

    /// What the relay does if it sends everything of an instance, and the marketplace answers so.
    pub fn send(&self, instance: &str, outcome: &SendOutcome) {
        self.change(instance, |usage, now| {
            usage.make_due(now);
            let rules =
                TakeRules { cycle: UsageCycle::Hourly, clock: ClockTrust::Trusted, may_send: true };
            for sent in usage.take(rules, now).outgoing {
                usage.settle(&sent, outcome, UsageCycle::Hourly, now);
            }
        });
    }

    /// As if the product had reported every window at its end.
    pub fn accept_in_time(&self, instance: &str) {
        self.change(instance, |usage, _| {
            for record in &mut usage.records {
                if let RecordState::Waiting(waiting) = &mut record.state {
                    waiting.accepted = record.window.end();
                }
            }
        });
    }

    fn change(&self, instance: &str, change: impl Fn(&mut InstanceUsage, UnixMillis)) {
        let folder = self.shop.folder.0.path().join("koohook.db");
        let store = match self.store.strip_prefix("sqlite:") {
            Some(_) => format!("sqlite:{}", folder.display()),
            None => self.store.clone(),
        };
        let config = StoreConfig::read(&|name| match name {
            "KOOHOOK_STORE" => Some(store.clone()),
            "KOOHOOK_SEAL_KEY" => Some(SEAL_KEY.to_owned()),
            _ => None,
        });
        let (config, id) = (config.unwrap(), InstanceId::parse(instance).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = open_to_write(&config).await.unwrap();
            let deadline = Deadline::after(world.elapsed(), Duration::from_secs(10));
            let repository = Repository::new(&world, &config.seal, Reader::Product, deadline);
            let slot = repository.read_usage(&id).await.unwrap();
            let updated = repository.update_usage(slot, |slot: &UsageSlot| {
                let mut usage = slot.record().unwrap().clone();
                change(&mut usage, world.now());
                Ok::<_, shell::failure::Failure>(UsageUpdate::Write(usage, ()))
            });
            updated.await.unwrap();
        });
    }
}

/// The hours since 1970. It stays the same in a test that runs at the end of an hour.
static THIS_HOUR: LazyLock<u64> = LazyLock::new(|| {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 3_600
});

/// A full hour, some hours before now: its begin and its end.
pub fn hour(hours_ago: u64) -> [String; 2] {
    let begin = (*THIS_HOUR - hours_ago) * 3_600_000;
    [begin, begin + 3_600_000].map(|at| UnixMillis::new(at).to_rfc3339())
}

/// A line with the record of a full hour.
pub fn record(instance: &str, hours_ago: u64, value: &str) -> String {
    let [begin, end] = hour(hours_ago);
    format!(
        "{{\"recordId\":\"r-{hours_ago}\",\"instanceId\":\"{instance}\",\"beginTime\":\"{begin}\",\
         \"endTime\":\"{end}\",\"value\":{value}}}\n"
    )
}
