//! What all endpoints and the relay share: a world, the seal of its store, and the product.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::app_info_template::Template;
use domain::outbox::Reader;
use domain::webhook::WebhookSecrets;

use crate::guard::{Guard, Network};
use crate::order_lookup::Orders;
use crate::repository::Repository;
use crate::seal::Seal;
use crate::unusable_entities::UnusableEntities;
use crate::world::{Deadline, World};

/// The outside, and what is known of the product.
pub struct Context<W> {
    /// All that is not us.
    pub world: W,
    /// What is known of it.
    pub settings: ContextSettings,
    muted_until: AtomicU64,
    clocks_logged_until: AtomicU64,
    rare_agendas_read_until: AtomicU64,
    unusable: Mutex<UnusableEntities>,
}

/// What the context is told of the seller's configuration.
#[derive(Debug)]
pub struct ContextSettings {
    /// What seals every stored value.
    pub seal: Seal,
    /// Access data for all instances, or for purchases under way.
    pub template: Option<Template>,
    /// Where notices go, if anywhere.
    pub product: Option<Product>,
    /// Whom to ask what was ordered, if anybody.
    pub orders: Option<Orders>,
}

/// The seller's own product, as we reach it.
#[derive(Clone, Debug)]
pub struct Product {
    /// Where it listens.
    pub address: http::Uri,
    /// What signs to it, and what it signs with.
    pub secrets: WebhookSecrets,
    /// How long a callback may wait for it; zero is never.
    pub budget: Duration,
    /// What a connection to it is held to.
    pub guard: Guard,
}

impl Product {
    /// Whether what it is told, credentials too, crosses a network in clear.
    pub fn is_told_in_clear(&self) -> bool {
        self.guard.network == Some(Network::Private)
    }
}

/// How long no callback waits for a product that kept one waiting in vain (decision E2).
const MUTE: Duration = Duration::from_secs(30);

/// How often a lasting trouble is said again, and the rarer looks are made.
const MINUTE: Duration = Duration::from_mins(1);

impl<W: World> Context<W> {
    /// The context of a world.
    pub fn new(settings: ContextSettings, world: W) -> Self {
        let [muted_until, clocks_logged_until, rare_agendas_read_until] =
            [AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)];
        let unusable = Mutex::default();
        Self {
            world,
            settings,
            muted_until,
            clocks_logged_until,
            rare_agendas_read_until,
            unusable,
        }
    }

    /// The entity records, for as long as a deadline allows.
    pub fn repository(&self, deadline: Deadline) -> Repository<'_, W> {
        let ContextSettings { seal, product, .. } = &self.settings;
        let reader = if product.is_some() { Reader::Product } else { Reader::Operator };
        Repository::new(&self.world, seal, reader, deadline)
    }

    /// The entities that the relay cannot use, and skips for a while.
    pub(crate) fn unusable(&self) -> MutexGuard<'_, UnusableEntities> {
        // Whoever holds it does not wait, and each of its statements leaves it whole.
        self.unusable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets no callback wait for the product for a while: one just waited in vain.
    pub fn mute(&self) {
        let until = self.world.elapsed().saturating_add(MUTE);
        self.muted_until.store(millis(until), Ordering::Relaxed);
    }

    /// Whether to say that clocks differ: once a minute is enough.
    pub fn may_log_clocks(&self) -> bool {
        self.once_a_minute(&self.clocks_logged_until)
    }

    /// Whether the relay reads the agendas that are not urgent: once a minute is enough, since each
    /// read costs money.
    pub fn may_read_rare_agendas(&self) -> bool {
        self.once_a_minute(&self.rare_agendas_read_until)
    }

    /// Lets the next run of the relay read them again: it has not seen all entries.
    pub fn read_rare_agendas_again(&self) {
        self.rare_agendas_read_until.store(0, Ordering::Relaxed);
    }

    fn once_a_minute(&self, until: &AtomicU64) -> bool {
        let now = self.world.elapsed();
        let standing = until.load(Ordering::Relaxed);
        let may = standing == 0 || standing <= millis(now);
        if may {
            until.store(millis(now.saturating_add(MINUTE)), Ordering::Relaxed);
        }
        may
    }

    /// Whether callbacks leave the product to the relay for now.
    pub fn is_muted(&self) -> bool {
        millis(self.world.elapsed()) < self.muted_until.load(Ordering::Relaxed)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
