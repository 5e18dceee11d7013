//! `applicationSync` (kit): the credentials of an enterprise for one of the seller's applications
//! (kit guide, "synchronising applications").
//!
//! The marketplace seals the OAuth secret with the public key that the seller gave it. It is
//! opened after the call is believed and before anything else; a secret that does not open is the
//! one field fault that even a rehearsal is told of, since trying it is what the rehearsal is for.

pub mod secret;

use domain::entity::Subject;
use domain::instance::effective;
use domain::notice::NoticeDraft;
use domain::page::{Change, Changes, Decision, Page};
use domain::refusal::Refusal;
use domain::settings::{SettingError, Settings};
use domain::tenant::{Application, Dated, KitChange};
use protocol::message::{
    Activity, ApplicationSync, Details, Fields, Flag, Malformed, MalformedKind, Reply,
};
use protocol::signature::Verified;
use protocol::time::UnixMillis;

use self::secret::PrivateKeys;

/// What this function serves.
pub type Function = Changes<Applications>;

/// The page.
pub struct Applications {
    private_keys: PrivateKeys,
}

/// A call, its secret opened.
pub struct Request {
    sync: ApplicationSync,
    client_secret: String,
}

impl Page for Applications {
    const ACTIVITY: Activity = Activity::ApplicationSync;
    const KEEPS_SECRETS: bool = true;
    type Request = Request;

    fn new(settings: &Settings) -> Result<Self, SettingError> {
        let unfit = |wants: &str| SettingError {
            setting: "KOOHOOK_RSA_PRIVATE_KEY",
            wants: wants.to_owned(),
        };
        let pem = settings.private_keys.as_ref().ok_or_else(|| unfit("is required"))?;
        let private_keys =
            PrivateKeys::parse(pem.reveal()).map_err(|fault| unfit(&fault.to_string()))?;
        Ok(Self { private_keys })
    }

    fn rehearse(&self, verified: &Verified) -> Result<Reply, Malformed> {
        let fields = Fields::of(verified);
        match Flag::read(fields)? {
            Flag::Put => self.open(ApplicationSync::sealed_secret(fields)?).map(drop)?,
            Flag::Delete => (),
        }
        Ok(Reply::success())
    }

    fn read(&self, verified: &Verified) -> Result<Request, Malformed> {
        let sync = ApplicationSync::read(verified)?;
        let client_secret = match sync.flag {
            Flag::Put => self.open(&sync.sealed_secret)?,
            Flag::Delete => String::new(),
        };
        Ok(Request { sync, client_secret })
    }
}

impl Change for Applications {
    type Entity = Dated<Application>;

    fn subject(&self, Request { sync, .. }: &Request) -> Subject {
        let ApplicationSync { instance_id, tenant_id, app_id, .. } = sync.clone();
        Subject::Application(instance_id, tenant_id, app_id)
    }

    fn decide(
        &self,
        Request { sync, client_secret }: &Request,
        current: Option<Dated<Application>>,
        now: UnixMillis,
    ) -> Result<Decision<Dated<Application>>, Refusal> {
        let (at, ahead) = effective(sync.at, now);
        let wanted = Application::of(sync, client_secret.clone());
        let synced = Dated::sync(current.clone(), wanted, at);
        let draft = |told| draft(told, sync, client_secret);
        Ok(Decision::of_synced(current.as_ref(), synced, draft).with_remark(ahead))
    }

    fn reply(&self, _: &Request, _: &Dated<Application>) -> Reply {
        Reply::success()
    }
}

impl Applications {
    fn open(&self, sealed: &str) -> Result<String, Malformed> {
        let unopened = Malformed { field: "clientSecret", kind: MalformedKind::Unopened };
        self.private_keys.open(sealed).map_err(|_| unopened)
    }
}

/// The product is told the secret in clear: it logs people in with it.
fn draft(told: KitChange, sync: &ApplicationSync, client_secret: &str) -> NoticeDraft {
    let kind = Application::notice(told);
    let draft =
        NoticeDraft::of_call(kind, Activity::ApplicationSync, (None, None), &Details::default())
            .with("instanceId", sync.instance_id.as_ref().map(ToString::to_string))
            .with("tenantId", sync.tenant_id.as_str())
            .with("appId", sync.app_id.as_str());
    match (told, &sync.client_id) {
        (KitChange::Put, Some(client_id)) => {
            draft.with("clientId", client_id.as_str()).with("clientSecret", client_secret)
        }
        (KitChange::Put, None) | (KitChange::Deleted, _) => draft,
    }
}
