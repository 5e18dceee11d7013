//! `applicationSync` (kit): the credentials of an enterprise for one of the seller's applications
//! (kit guide, "synchronising applications").
//!
//! The marketplace encrypts the OAuth secret with the seller's public key. koohook decrypts it
//! first, as soon as the signature is verified. A rehearsal ignores most invalid fields, but it
//! fails if the secret cannot be decrypted: the seller rehearses to test the key.

pub mod secret;

use domain::decision::Decision;
use domain::entity::Subject;
use domain::notice::NoticeDraft;
use domain::page::{Change, Moment, Page, Request};
use domain::refusal::Refusal;
use domain::remark::Remark;
use domain::settings::{SettingError, Settings};
use domain::tenant::{Application, Dated, KitChange};
use protocol::message::{
    Activity, ApplicationSync, Details, Fields, Malformed, MalformedKind, Reply, SyncFlag,
};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

use self::secret::{OpenedSecret, PrivateKeys};

/// The page with its private keys.
pub(crate) struct Applications {
    private_keys: PrivateKeys,
}

impl Applications {
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingError> {
        let unfit = |fault: &str| SettingError {
            setting: "KOOHOOK_RSA_PRIVATE_KEY",
            wants: fault.to_owned(),
        };
        let pem = settings
            .private_keys
            .as_ref()
            .ok_or_else(|| unfit("is required by application-sync; run koohook keys new"))?;
        let private_keys =
            PrivateKeys::parse(pem.reveal()).map_err(|error| unfit(&error.to_string()))?;
        Ok(Self { private_keys })
    }

    fn decrypt(&self, sealed: &str) -> Result<OpenedSecret, Malformed> {
        let undecryptable = Malformed { field: "clientSecret", kind: MalformedKind::Unopened };
        self.private_keys.open_by(sealed).map_err(|_| undecryptable)
    }
}

impl Page for Applications {
    fn rehearse(&self, call: &Verified, _: UnixMillis) -> Result<Reply, Malformed> {
        let fields = Fields::of(call);
        match SyncFlag::read(fields)? {
            SyncFlag::Put => self.decrypt(ApplicationSync::sealed_secret(fields)?).map(drop)?,
            SyncFlag::Delete => (),
        }
        Ok(Reply::success())
    }

    fn read(&self, call: &Verified) -> Result<Request<'_>, Malformed> {
        let call = ApplicationSync::read(call)?;
        let client_secret = match call.flag {
            SyncFlag::Put => self.decrypt(&call.sealed_secret)?,
            SyncFlag::Delete => OpenedSecret::default(),
        };
        Ok(Request::Application(Box::new(Sync { call, client_secret })))
    }
}

/// A call with its decrypted secret. The secret is empty in a deletion.
struct Sync {
    call: ApplicationSync,
    client_secret: OpenedSecret,
}

impl Change<Dated<Application>> for Sync {
    fn subject(&self) -> Subject {
        let ApplicationSync { instance_id, tenant_id, app_id, .. } = self.call.clone();
        Subject::Application(instance_id, tenant_id, app_id)
    }

    fn at(&self) -> Option<UnixMillis> {
        Some(self.call.at)
    }

    fn decide(
        &self,
        current: Option<Dated<Application>>,
        Moment { at, .. }: Moment,
    ) -> Result<Decision<Dated<Application>>, Refusal> {
        let application = Application::of(&self.call, self.client_secret.text.clone());
        let synced = Dated::sync(current.clone(), application, at);
        let mut decision =
            Decision::of_synced(current.as_ref(), synced, |change| self.draft(change));
        decision.remarks.extend((self.client_secret.key > 0).then_some(Remark::LaterRsaKey));
        Ok(decision)
    }
}

impl Sync {
    /// The notice contains the secret in plain text, because the product needs it to log people in.
    fn draft(&self, change: KitChange) -> NoticeDraft {
        let Self { call, client_secret } = self;
        let (kind, activity) = (Application::notice(change), Activity::ApplicationSync);
        let draft = NoticeDraft::of_call(kind, activity, (None, None), &Details::default())
            .with("instanceId", call.instance_id.as_ref().map(ToString::to_string))
            .with("tenantId", call.tenant_id.as_str())
            .with("appId", call.app_id.as_str());
        match (change, &call.client_id) {
            (KitChange::Put, Some(client_id)) => draft
                .with("clientId", client_id.as_str())
                .with("clientSecret", client_secret.text.as_str()),
            (KitChange::Put, None) | (KitChange::Deleted, _) => draft,
        }
    }
}
