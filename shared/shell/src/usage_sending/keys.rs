//! Which base key signs usage. What all relays know about the keys is one stored value.

use domain::store_keys::USAGE_SENDING;
use domain::usage::{KeyMark, SendingState};
use protocol::access_key::AccessKey;
use protocol::time::UnixMillis;

use crate::failure::Failure;
use crate::repository::{RecordUpdate, Repository, Slot};
use crate::usage_sender::{BaseKey, UsageSender};
use crate::world::World;

/// The key that signs usage in a run, and what is known about it.
pub(super) struct SigningKeys<'a, W> {
    pub sender: &'a UsageSender,
    repository: Repository<'a, W>,
    slot: Slot<SendingState>,
    which: BaseKey,
    /// When the try of the current request was stored, if it was.
    noted: Option<UnixMillis>,
}

impl<'a, W: World> SigningKeys<'a, W> {
    /// Reads what the relays know. The previous key signs if the marketplace refuses the current one
    /// and receives usage under the previous one. After an hour, the current key is tried again.
    pub async fn read(
        sender: &'a UsageSender,
        repository: Repository<'a, W>,
    ) -> Result<Self, Failure> {
        let slot = repository.read_record(USAGE_SENDING.to_owned()).await?;
        let mut keys = Self { sender, repository, slot, which: BaseKey::Current, noted: None };
        let (state, now) = (keys.state(), keys.now());
        let is_refused = state.is_refused(&sender.mark(BaseKey::Current), now);
        let previous = sender.mark_of_previous();
        if is_refused && previous.is_some_and(|previous| state.has_received(&previous, now)) {
            keys.which = BaseKey::Previous;
        }
        Ok(keys)
    }

    /// The key that signs.
    pub fn key(&self) -> &'a AccessKey {
        self.sender.base_key(self.which)
    }

    /// Whether a key may be tried now.
    pub fn may_try(&self) -> bool {
        may_try(self.sender, self.which, &self.state(), self.now())
    }

    /// The most records of a batch.
    pub fn batch_limit(&self) -> usize {
        self.state().limit(self.now())
    }

    /// Whether the marketplace received a batch under this key within the last hour.
    pub fn has_received(&self) -> bool {
        self.state().has_received(&self.mark(), self.now())
    }

    /// Whether the marketplace accepted this key within the last day.
    pub fn is_believed(&self) -> bool {
        self.state().is_believed(&self.mark(), self.now())
    }

    /// Begins a request. While a key is refused, the try is stored first, so that all relays together
    /// make no more than three in five minutes. Returns whether the request may be sent.
    pub async fn begin_try(&mut self) -> Result<bool, Failure> {
        self.noted = None;
        let (mark, now) = (self.mark(), self.now());
        if !self.state().must_note_try(&mark) {
            return Ok(true);
        }
        let (sender, which) = (self.sender, self.which);
        let may_try = self
            .update(|state| {
                let may_try = may_try(sender, which, state, now);
                if may_try {
                    state.note_try(&mark, now);
                }
                may_try
            })
            .await?;
        self.noted = may_try.then_some(now);
        Ok(may_try)
    }

    /// Notes that the marketplace accepts the key. `received` is whether it received a batch.
    pub async fn note_accepted(&mut self, received: bool) -> Result<(), Failure> {
        let (mark, now) = (self.mark(), self.now());
        self.update(|state| state.note_accepted(&mark, received, now)).await.map(drop)
    }

    /// Notes that the marketplace refuses the key.
    pub async fn note_refused(&mut self) -> Result<(), Failure> {
        let (mark, now, is_noted) = (self.mark(), self.now(), self.noted.is_some());
        self.update(|state| {
            if !is_noted {
                state.note_try(&mark, now);
            }
            state.note_refused(&mark, now);
            true
        })
        .await
        .map(drop)
    }

    /// Notes a wrong signature that may be the fault of the key, or of a record.
    pub async fn note_doubted(&mut self) -> Result<(), Failure> {
        if self.noted.is_some() {
            return Ok(());
        }
        let (mark, now) = (self.mark(), self.now());
        self.update(|state| {
            state.note_try(&mark, now);
            true
        })
        .await
        .map(drop)
    }

    /// Notes that the request showed nothing about the key. It does not count as a try.
    pub async fn note_nothing(&mut self) -> Result<(), Failure> {
        let Some(noted) = self.noted.take() else { return Ok(()) };
        let mark = self.mark();
        self.update(|state| {
            state.take_back_try(&mark, noted);
            true
        })
        .await
        .map(drop)
    }

    /// Notes that the marketplace refuses larger batches.
    pub async fn note_limit(&mut self, limit: usize) -> Result<(), Failure> {
        let now = self.now();
        self.update(|state| {
            state.note_limit(limit, now);
            true
        })
        .await
        .map(drop)
    }

    /// Changes to the previous key, if there is one that the marketplace has not refused within the
    /// last hour.
    pub fn change_key(&mut self) -> bool {
        let (state, now) = (self.state(), self.now());
        let previous = self.sender.mark_of_previous();
        let may_change = self.which == BaseKey::Current
            && previous.is_some_and(|previous| !state.is_refused(&previous, now));
        if may_change {
            self.which = BaseKey::Previous;
        }
        may_change
    }

    /// Changes the stored state, if `change` returns `true`. Returns what it returned.
    async fn update(
        &mut self,
        change: impl Fn(&mut SendingState) -> bool,
    ) -> Result<bool, Failure> {
        let updated = self.repository.update_record(self.slot.clone(), |slot| {
            let mut state = slot.record().cloned().unwrap_or_default();
            let is_changed = change(&mut state);
            Ok::<_, Failure>(if is_changed {
                RecordUpdate::Write(state, true)
            } else {
                RecordUpdate::Leave(false)
            })
        });
        let updated = updated.await?;
        self.slot = updated.slot;
        Ok(updated.decided)
    }

    fn state(&self) -> SendingState {
        self.slot.record().cloned().unwrap_or_default()
    }

    fn mark(&self) -> KeyMark {
        self.sender.mark(self.which)
    }

    fn now(&self) -> UnixMillis {
        self.repository.world.now()
    }
}

/// The previous key is tried after the current one.
fn may_try(sender: &UsageSender, which: BaseKey, state: &SendingState, now: UnixMillis) -> bool {
    let first = match which {
        BaseKey::Current => None,
        BaseKey::Previous => Some(sender.mark(BaseKey::Current)),
    };
    state.may_try(&sender.mark(which), first.as_ref(), now)
}
