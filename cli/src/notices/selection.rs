//! What `now` and `replay` will change. It is counted before the operator is asked, and only this is
//! changed.

use domain::notice::NoticeType;
use domain::outbox::{NoticeWait, Outbox};
use protocol::time::UnixMillis;
use shell::repository::Slot;
use shell::world::World;

use super::action::Action;
use super::notice_filter::NoticeFilter;
use super::notice_line::NoticeLine;
use super::notice_state::NoticeState;
use super::notice_store::NoticeStore;
use crate::counted::counted;
use crate::error::CommandError;
use crate::read_failures::ReadFailures;

/// The selected notices.
#[derive(Default)]
pub struct Selection {
    /// The entities with selected notices.
    pub targets: Vec<SelectedEntity>,
    /// What the command leaves out.
    pub rest: UnselectedRest,
}

/// What passes the filter, or is about its order, and is not selected.
#[derive(Default)]
pub struct UnselectedRest {
    /// Whether a purchase without access data was found. It has no notice to send.
    pub has_accepted_purchase: bool,
    /// The dead letters that pass.
    pub dead: usize,
    /// The waiting notices that pass.
    pub waiting: usize,
    /// Whether anything is about the order or the instance.
    pub is_known: bool,
}

/// The selected notices of one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct SelectedEntity {
    /// The key of its record.
    pub key: String,
    /// The notices.
    pub lines: Vec<NoticeLine>,
}

impl Selection {
    /// Reads the store.
    ///
    /// # Errors
    /// If the store does not answer, or the instance is unknown.
    pub fn read(
        store: &NoticeStore,
        filter: &NoticeFilter,
        action: Action,
        failures: &mut ReadFailures,
    ) -> Result<Self, CommandError> {
        let now = store.session.world.now();
        let mut selection = Self::default();
        store.each(filter, failures, |slot| selection.add(slot, filter, action, now))?;
        Ok(selection)
    }

    fn add(&mut self, slot: &Slot, filter: &NoticeFilter, action: Action, now: UnixMillis) {
        let Some(record) = slot.record() else { return };
        let mut lines = NoticeLine::all(&slot.key, record, now);
        self.rest.add(&lines, filter, action, now);
        lines.retain(|line| action.includes(line.state) && filter.selects(line, now));
        if !lines.is_empty() {
            self.targets.push(SelectedEntity { key: slot.key.clone(), lines });
        }
    }

    /// Every selected notice.
    pub fn lines(&self) -> impl Iterator<Item = &NoticeLine> {
        self.targets.iter().flat_map(|target| &target.lines)
    }

    /// The number of notices.
    pub fn count(&self) -> usize {
        self.lines().count()
    }

    /// The counts, for example `12 notices of 7 instances`.
    pub fn text(&self) -> String {
        let is_instances = self.lines().all(|line| line.owner.is_instance);
        let (one, many) =
            if is_instances { ("instance", "instances") } else { ("entity", "entities") };
        let entities = counted(self.targets.len(), one, many);
        format!("{} of {entities}", counted(self.count(), "notice", "notices"))
    }
}

impl UnselectedRest {
    /// Whether it gives no reason why nothing is selected.
    pub const fn is_silent(&self) -> bool {
        !self.has_accepted_purchase && self.dead == 0 && self.waiting == 0
    }

    fn add(
        &mut self,
        lines: &[NoticeLine],
        filter: &NoticeFilter,
        action: Action,
        now: UnixMillis,
    ) {
        let about: Vec<_> = lines.iter().filter(|line| filter.is_about(line)).collect();
        self.is_known |= !about.is_empty();
        let created =
            filter.kinds.as_ref().is_none_or(|kinds| kinds.0.contains(&NoticeType::Created));
        self.has_accepted_purchase |=
            created && about.iter().any(|line| line.state == NoticeState::AccessData);
        for line in about {
            match line.state {
                state if action.includes(state) || !filter.selects(line, now) => (),
                NoticeState::Dead => self.dead += 1,
                NoticeState::Waiting => self.waiting += 1,
                NoticeState::AccessData => (),
            }
        }
    }
}

impl SelectedEntity {
    /// The sequences of the selected dead letters.
    pub fn dead(&self) -> Vec<u64> {
        let dead = self.lines.iter().filter(|line| line.state == NoticeState::Dead);
        dead.filter_map(|line| line.sequence).collect()
    }

    /// How many of the notices wait for the end of a pause, their own or an earlier notice's.
    pub fn resting(&self, outbox: &Outbox, now: UnixMillis) -> usize {
        let waits = self.lines.iter().filter_map(|line| outbox.wait_of(line.sequence?, now));
        waits.filter(|wait| is_resting(*wait)).count()
    }
}

const fn is_resting(wait: NoticeWait) -> bool {
    match wait {
        NoticeWait::Pause { .. } | NoticeWait::OrderQuery { .. } | NoticeWait::Notice { .. } => {
            true
        }
        NoticeWait::Due | NoticeWait::Attempt { .. } | NoticeWait::DeadPurchase => false,
    }
}
