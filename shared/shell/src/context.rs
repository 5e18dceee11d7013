//! The state that all endpoints and the relay share: the world, the seal of its store, and the
//! product.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::app_info_template::Template;
use domain::outbox::Reader;
use domain::usage::UsageCycle;
use domain::webhook::WebhookSecrets;
use protocol::time::UnixMillis;

use crate::alarm_robot::AlarmRobot;
use crate::alarm_sightings::SeenAlarms;
use crate::guard::{Guard, Network};
use crate::logged_lines::LoggedLines;
use crate::metrics::{GaugeValues, Metrics, MetricsSetting};
use crate::order_lookup::Orders;
use crate::readiness::Readiness;
use crate::repository::Repository;
use crate::seal::Seal;
use crate::store_figures::{LatestFigures, StoreFigures};
use crate::trouble_log::Troubles;
use crate::unknown_changes::UnknownChanges;
use crate::unusable_entities::UnusableEntities;
use crate::usage_sender::UsageSending;
use crate::world::{Deadline, World};

/// The state that all endpoints and the relay share.
pub struct Context<W> {
    /// The store, the web, the clock and randomness.
    pub world: W,
    /// The seller's settings for the context.
    pub settings: ContextSettings,
    pub(crate) troubles: Troubles,
    muted_until: AtomicU64,
    rare_agendas_read_until: AtomicU64,
    usage_read_in: AtomicU64,
    unusable: Mutex<UnusableEntities>,
    has_accepted: AtomicBool,
    unknown_changes: Mutex<UnknownChanges>,
    pub(crate) figures: LatestFigures,
    pub(crate) seen: SeenAlarms,
    /// When a run of the relay last ended without a failure, in milliseconds since 1970. Zero: never.
    relayed: AtomicU64,
    /// What this process counts.
    pub metrics: Metrics,
    /// The result of this process's last probe.
    pub readiness: Readiness,
}

/// The part of the seller's configuration that the context needs.
#[derive(Debug)]
pub struct ContextSettings {
    /// Encrypts every stored value.
    pub seal: Seal,
    /// The template of the access data (`KOOHOOK_APP_INFO`), if it is set.
    pub template: Option<Template>,
    /// The product that gets the notices, if its address is set.
    pub product: Option<Product>,
    /// The marketplace's order query, if its access key is set.
    pub orders: Option<Orders>,
    /// How often the marketplace collects usage.
    pub usage_cycle: UsageCycle,
    /// Whether and where the relay sends usage.
    pub usage: UsageSending,
    /// Where metrics go.
    pub metrics: MetricsSetting,
    /// The robot that tells people what is wrong, if it is set.
    pub alarms: Option<AlarmRobot>,
    /// Whether the relay reads what waits in the store: metrics or alarms need it.
    pub reads_figures: bool,
}

/// The seller's product: its address, and how koohook calls it.
#[derive(Clone, Debug)]
pub struct Product {
    /// The URL to which koohook sends notices.
    pub address: http::Uri,
    /// The secrets that sign koohook's calls to the product and verify the product's calls.
    pub secrets: WebhookSecrets,
    /// How long a callback may wait for the product. Zero: a callback never waits.
    pub budget: Duration,
    /// Which networks and authorities a connection to the product may use.
    pub guard: Guard,
}

impl Product {
    /// Whether notices, with credentials in them, cross a network unencrypted.
    pub fn is_told_in_clear(&self) -> bool {
        self.guard.network == Some(Network::Private)
    }
}

/// How long callbacks do not wait for the product after one timed out (decision E2).
const MUTE: Duration = Duration::from_secs(30);

/// How often the relay reads the rare agendas.
const MINUTE: Duration = Duration::from_mins(1);

impl<W: World> Context<W> {
    /// Makes a context.
    pub fn new(settings: ContextSettings, world: W) -> Self {
        let [muted_until, rare_agendas_read_until, usage_read_in] = [0, 0, 0].map(AtomicU64::new);
        let (troubles, unusable) = (Troubles::default(), Mutex::default());
        let (readiness, metrics) = (Readiness::default(), Metrics::new(&settings.metrics));
        Self {
            world,
            settings,
            troubles,
            muted_until,
            rare_agendas_read_until,
            usage_read_in,
            unusable,
            has_accepted: AtomicBool::new(false),
            unknown_changes: Mutex::default(),
            figures: LatestFigures::default(),
            seen: SeenAlarms::default(),
            relayed: AtomicU64::new(0),
            metrics,
            readiness,
        }
    }

    /// Access to the entity records until a deadline.
    pub fn repository(&self, deadline: Deadline) -> Repository<'_, W> {
        let ContextSettings { seal, product, .. } = &self.settings;
        let reader = if product.is_some() { Reader::Product } else { Reader::Operator };
        let metrics = Some(&self.metrics);
        Repository { metrics, ..Repository::new(&self.world, seal, reader, deadline) }
    }

    /// The entities that the relay cannot use and skips for a while.
    pub(crate) fn unusable(&self) -> MutexGuard<'_, UnusableEntities> {
        // Each statement leaves the value consistent, so that a panic under the lock does no harm.
        self.unusable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes that may have been written.
    pub(crate) fn unknown_changes(&self) -> MutexGuard<'_, UnknownChanges> {
        self.unknown_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waited in the store when this process's relay last looked. `None` if it has not looked, or
    /// is not to look.
    pub fn store_figures(&self) -> Option<StoreFigures> {
        self.figures.get(self.world.now())
    }

    /// The metrics as Prometheus reads them. `None` if they are off.
    pub fn metrics_text(&self) -> Option<String> {
        self.metrics.text(&self.gauge_values())
    }

    /// The lines for CloudWatch of what was counted since the last time. Each ends with a line end.
    pub fn emf_lines(&self) -> String {
        match self.settings.metrics {
            MetricsSetting::Emf => self.metrics.emf_lines(&self.gauge_values()),
            MetricsSetting::Off | MetricsSetting::Prometheus(_) => String::new(),
        }
    }

    fn gauge_values(&self) -> GaugeValues {
        let relayed = self.relayed.load(Ordering::Relaxed);
        GaugeValues {
            now: self.world.now(),
            elapsed: self.world.elapsed(),
            figures: self.store_figures(),
            relayed: (relayed > 0).then(|| UnixMillis::new(relayed)),
            readiness: self.readiness.word(),
            lines: LoggedLines::so_far(),
        }
    }

    /// Notes that a run of the relay has ended without a failure.
    pub(crate) fn note_relayed(&self) {
        self.relayed.store(self.world.now().millis(), Ordering::Relaxed);
    }

    /// Stops callbacks from waiting for the product for a while, because one timed out.
    pub fn mute(&self) {
        let until = self.world.elapsed().saturating_add(MUTE);
        self.muted_until.store(millis(until), Ordering::Relaxed);
    }

    /// Notes that the product accepted a notice of this process. So it has the same secret.
    pub(crate) fn note_accepted(&self) {
        self.has_accepted.store(true, Ordering::Relaxed);
    }

    /// Whether the product has accepted a notice of this process.
    pub(crate) fn has_accepted(&self) -> bool {
        self.has_accepted.load(Ordering::Relaxed)
    }

    /// Whether the relay reads the agendas that are not urgent: at most once a minute, since each
    /// read costs money.
    pub fn may_read_rare_agendas(&self) -> bool {
        let now = self.world.elapsed();
        let until = self.rare_agendas_read_until.load(Ordering::Relaxed);
        let may = until == 0 || until <= millis(now);
        if may {
            let next = millis(now.saturating_add(MINUTE));
            self.rare_agendas_read_until.store(next, Ordering::Relaxed);
        }
        may
    }

    /// Makes the next run of the relay read them again: this run did not read all entries.
    pub fn read_rare_agendas_again(&self) {
        self.rare_agendas_read_until.store(0, Ordering::Relaxed);
    }

    /// Whether the relay looks for usage that is due: once in each minute of the clock, since each
    /// read costs money. Usage becomes due at full minutes.
    pub(crate) fn may_read_usage(&self) -> bool {
        let minute = self.world.now().millis() / 60_000;
        self.usage_read_in.swap(minute, Ordering::Relaxed) != minute
    }

    /// Makes the next run of the relay look again in the same minute: an operator made usage due.
    pub fn read_usage_again(&self) {
        self.usage_read_in.store(0, Ordering::Relaxed);
    }

    /// Whether callbacks now leave the notices to the relay.
    pub fn is_muted(&self) -> bool {
        millis(self.world.elapsed()) < self.muted_until.load(Ordering::Relaxed)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
