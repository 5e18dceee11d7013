//! What is kept of an enterprise and of its credentials. After a deletion a tombstone with its time
//! is kept.

use protocol::message::{AppId, ApplicationSync, ClientId, SyncFlag, TenantSync};
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::notice::NoticeType;
use crate::remark::Remark;

/// Something that the kit puts and deletes: its newest state, and since when (decision D5).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dated<T> {
    /// When the newest change happened at the marketplace.
    pub at: UnixMillis,
    /// The newest state. `None` is a tombstone, so that an older change does not bring it back.
    pub standing: Option<T>,
}

/// An enterprise (kit guide, "synchronising tenants").
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tenant {
    /// The label that leads people to the enterprise's login page.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its authentication centre.
    pub domain: String,
}

/// The credentials of an enterprise for an application, in clear. The store's edge encrypts them.
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

/// What a kit call makes of one thing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Synced<T> {
    /// The state afterwards.
    pub dated: Dated<T>,
    /// The notice that the product gets.
    pub notice: Option<KitChange>,
    /// Why there was less effect than the call asked for.
    pub remark: Option<Remark>,
}

/// Whether something was put or deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KitChange {
    /// It was added or modified.
    Put,
    /// It was deleted.
    Deleted,
}

impl<T: Clone + PartialEq> Dated<T> {
    /// Sets the state or deletes it, unless a newer one is known. The product is also told of the
    /// deletion of what was never here: it may know it from an older server.
    pub fn sync(current: Option<Self>, wanted: Option<T>, at: UnixMillis) -> Synced<T> {
        let told = if wanted.is_some() { KitChange::Put } else { KitChange::Deleted };
        match current {
            Some(current) if at < current.at => {
                Synced { dated: current, notice: None, remark: Some(Remark::OlderThanKnown) }
            }
            Some(current) if current.standing == wanted => {
                let dated = Self { at, ..current };
                Synced { dated, notice: None, remark: Some(Remark::NothingToDo) }
            }
            Some(_) | None => {
                Synced { dated: Self { at, standing: wanted }, notice: Some(told), remark: None }
            }
        }
    }
}

impl Tenant {
    /// What a call says. `None` is a deletion.
    pub fn of(request: &TenantSync) -> Option<Self> {
        let TenantSync { code, name, domain, .. } = request.clone();
        match request.flag {
            SyncFlag::Put => Some(Self { code, name, domain }),
            SyncFlag::Delete => None,
        }
    }

    /// The notice of a change.
    pub const fn notice(told: KitChange) -> NoticeType {
        match told {
            KitChange::Put => NoticeType::TenantPut,
            KitChange::Deleted => NoticeType::TenantDeleted,
        }
    }
}

impl Application {
    /// What a call says, with its secret decrypted. `None` is a deletion.
    pub fn of(request: &ApplicationSync, client_secret: String) -> Option<Self> {
        let ApplicationSync { app_id, client_id, .. } = request.clone();
        match (request.flag, client_id) {
            (SyncFlag::Put, Some(client_id)) => Some(Self { app_id, client_id, client_secret }),
            (SyncFlag::Put, None) | (SyncFlag::Delete, _) => None,
        }
    }

    /// The notice of a change.
    pub const fn notice(told: KitChange) -> NoticeType {
        match told {
            KitChange::Put => NoticeType::ApplicationPut,
            KitChange::Deleted => NoticeType::ApplicationDeleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_change_stands() {
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
