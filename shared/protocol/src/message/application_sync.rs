//! `applicationSync`: the credentials of an enterprise for an application.

use super::malformed::MalformedKind;
use super::{AppId, ClientId, Fields, InstanceId, Malformed, SyncFlag, TenantId};
use crate::signature::Verified;
use crate::time::UnixMillis;

/// The credentials of an enterprise for an application (kit guide, "synchronising
/// applications").
#[derive(Clone)]
pub struct ApplicationSync {
    /// The instance. `None` while a seller applies for credentials.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The seller's application.
    pub app_id: AppId,
    /// Whether the credentials are put or deleted.
    pub flag: SyncFlag,
    /// When the change happened at the marketplace.
    pub at: UnixMillis,
    /// The OAuth client. `None` in a deletion.
    pub client_id: Option<ClientId>,
    /// The OAuth client's secret as received, encrypted with the seller's public key. Empty in a
    /// deletion.
    pub sealed_secret: String,
}

impl ApplicationSync {
    /// Reads a call.
    ///
    /// # Errors
    /// If an identifier is invalid, the flag is unknown, or a field that the flag requires is
    /// missing.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let flag = SyncFlag::read(fields)?;
        let (client_id, sealed_secret) = match flag {
            SyncFlag::Delete => (None, String::new()),
            SyncFlag::Put => {
                let client_id = fields.required("clientId", ClientId::parse)?;
                (Some(client_id), Self::sealed_secret(fields)?.to_owned())
            }
        };
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            app_id: fields.required("appId", AppId::parse)?,
            flag,
            at: fields.kit_time("timeStamp")?,
            client_id,
            sealed_secret,
        })
    }

    /// Reads only the encrypted secret. A rehearsal decrypts it.
    ///
    /// # Errors
    /// If it is missing or too long.
    pub fn sealed_secret(fields: Fields<'_>) -> Result<&str, Malformed> {
        let sealed = fields.mandatory("clientSecret")?;
        if sealed.chars().count() > MAX_SECRET_LETTERS {
            return Err(Malformed { field: "clientSecret", kind: MalformedKind::TooLong });
        }
        Ok(sealed)
    }
}

/// The longest encrypted secret that koohook accepts, in characters (decision G1).
const MAX_SECRET_LETTERS: usize = 8_192;
