//! The stored form of an enterprise and of its credentials. After a deletion, koohook keeps a
//! tombstone with the time of the deletion.

use protocol::message::{AppId, ApplicationSync, ClientId, SyncFlag, TenantSync};
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::notice::NoticeType;
use crate::remark::Remark;

/// An enterprise or application: its newest state and the time of that state (decision D5).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dated<T> {
    /// When the newest change happened at the marketplace.
    pub at: UnixMillis,
    /// The newest state. `None` is a tombstone, so that an older change does not restore it.
    pub standing: Option<T>,
}

/// An enterprise (kit guide, "synchronising tenants").
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tenant {
    /// The label that selects the enterprise's login page.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The address of its authentication centre.
    pub domain: String,
}

/// The credentials of an enterprise for an application, in plain text. The shell seals them before
/// it writes them to a store.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// The seller's application.
    pub app_id: AppId,
    /// The OAuth client.
    pub client_id: ClientId,
    /// Its secret.
    pub client_secret: String,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Application").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// The change of one enterprise or application by a kit call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Synced<T> {
    /// The state after the call.
    pub dated: Dated<T>,
    /// The notice to the product.
    pub notice: Option<KitChange>,
    /// Why the call had less effect than it requested.
    pub remark: Option<Remark>,
}

/// Whether a call put or deleted an enterprise or application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KitChange {
    /// It was added or modified.
    Put,
    /// It was deleted.
    Deleted,
}

impl<T: Clone + PartialEq> Dated<T> {
    /// Sets or deletes the state, unless a newer state is known. The product also gets a notice if
    /// a deleted enterprise or application was never stored here. The product may know it from an
    /// older server.
    pub fn sync(current: Option<Self>, wanted: Option<T>, at: UnixMillis) -> Synced<T> {
        let change = if wanted.is_some() { KitChange::Put } else { KitChange::Deleted };
        match current {
            Some(current) if at < current.at => {
                Synced { dated: current, notice: None, remark: Some(Remark::OlderThanKnown) }
            }
            Some(current) if current.standing == wanted => {
                let dated = Self { at, ..current };
                Synced { dated, notice: None, remark: Some(Remark::NothingToDo) }
            }
            Some(_) | None => {
                Synced { dated: Self { at, standing: wanted }, notice: Some(change), remark: None }
            }
        }
    }
}

impl Tenant {
    /// The tenant of a call. `None` is a deletion.
    pub fn of(request: &TenantSync) -> Option<Self> {
        let TenantSync { code, name, domain, .. } = request.clone();
        match request.flag {
            SyncFlag::Put => Some(Self { code, name, domain }),
            SyncFlag::Delete => None,
        }
    }

    /// The notice of a change.
    pub const fn notice(change: KitChange) -> NoticeType {
        match change {
            KitChange::Put => NoticeType::TenantPut,
            KitChange::Deleted => NoticeType::TenantDeleted,
        }
    }
}

impl Application {
    /// The application of a call, with its decrypted secret. `None` is a deletion.
    pub fn of(request: &ApplicationSync, client_secret: String) -> Option<Self> {
        let ApplicationSync { app_id, client_id, .. } = request.clone();
        match (request.flag, client_id) {
            (SyncFlag::Put, Some(client_id)) => Some(Self { app_id, client_id, client_secret }),
            (SyncFlag::Put, None) | (SyncFlag::Delete, _) => None,
        }
    }

    /// The notice of a change.
    pub const fn notice(change: KitChange) -> NoticeType {
        match change {
            KitChange::Put => NoticeType::ApplicationPut,
            KitChange::Deleted => NoticeType::ApplicationDeleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_change_counts() {
        let at = UnixMillis::new;
        let put = Dated::sync(None, Some("a"), at(5));
        assert_eq!(put.notice, Some(KitChange::Put));
        let late = Dated::sync(Some(put.dated.clone()), None, at(4));
        assert_eq!((late.notice, late.remark), (None, Some(Remark::OlderThanKnown)));
        let again = Dated::sync(Some(put.dated.clone()), Some("a"), at(6));
        assert_eq!((again.dated.at, again.notice), (at(6), None));
        let gone = Dated::sync(Some(put.dated), None, at(6));
        assert_eq!((gone.dated.standing, gone.notice), (None, Some(KitChange::Deleted)));
        let raised = Dated::sync(Some(gone.dated), Some("a"), at(5));
        assert_eq!(raised.dated.standing, None);
        assert_eq!(Dated::<&str>::sync(None, None, at(1)).notice, Some(KitChange::Deleted));
    }
}
