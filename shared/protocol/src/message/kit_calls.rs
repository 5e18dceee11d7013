//! The kit's calls about one thing: an enterprise, its credentials, one of its departments.

use super::malformed::MalformedKind;
use super::{
    Activity, AppId, ClientId, Details, Fields, InstanceId, Malformed, OrderId, OrgCode, TenantId,
};
use crate::signature::Verified;
use crate::time::UnixMillis;

/// What becomes of the thing a kit call is about. Modifying what is not there makes it
/// (decision F4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flag {
    /// `0`.
    Delete,
    /// `1`: added, `2`: modified.
    Put,
}

impl Flag {
    /// Reads `flag`, a number or a numeric text.
    ///
    /// # Errors
    /// Where it is missing or of no list.
    pub fn read(fields: Fields<'_>) -> Result<Self, Malformed> {
        fields.word("flag", &[("0", Self::Delete), ("1", Self::Put), ("2", Self::Put)])
    }
}

/// An enterprise (kit guide, "synchronising tenants").
#[derive(Clone, Debug)]
pub struct TenantSync {
    /// The purchase; none while a seller applies for credentials.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// What becomes of it.
    pub flag: Flag,
    /// When.
    pub at: UnixMillis,
    /// The label that leads its people to its log-in; empty in a deletion.
    pub code: String,
    /// Its name; empty in a deletion.
    pub name: String,
    /// Its authentication centre; empty in a deletion. Kept and told, never called.
    pub domain: String,
    /// What the product is told.
    pub details: Details,
}

impl TenantSync {
    /// Reads a call.
    ///
    /// # Errors
    /// Where an identifier is none, the flag is unknown, or a field that the flag wants is
    /// missing or unusable.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        fields.optional("orderId", OrderId::parse)?;
        let flag = Flag::read(fields)?;
        let wanted = |name| match flag {
            Flag::Put => fields.mandatory(name).map(str::to_owned),
            Flag::Delete => Ok(String::new()),
        };
        let domain = wanted("domainName")?;
        if flag == Flag::Put && !is_domain(&domain) {
            return Err(Malformed { field: "domainName", kind: MalformedKind::NoDomain });
        }
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            flag,
            at: fields.kit_time("timeStamp")?,
            code: wanted("tenantCode")?,
            name: wanted("name")?,
            domain,
            details: fields.details(Activity::TenantSync),
        })
    }
}

/// The credentials of an enterprise for an application (kit guide, "synchronising
/// applications").
#[derive(Clone)]
pub struct ApplicationSync {
    /// The purchase; none while a seller applies for credentials.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The seller's application.
    pub app_id: AppId,
    /// What becomes of them.
    pub flag: Flag,
    /// When.
    pub at: UnixMillis,
    /// The OAuth client; none in a deletion.
    pub client_id: Option<ClientId>,
    /// The OAuth client's secret as it arrived, encrypted; empty in a deletion, which needs none.
    pub sealed_secret: String,
}

/// The longest encrypted secret that is looked at (decision G1).
const MAX_SECRET_LETTERS: usize = 8_192;

impl ApplicationSync {
    /// Reads a call.
    ///
    /// # Errors
    /// Where an identifier is none, the flag is unknown, or a field that the flag wants is
    /// missing.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let flag = Flag::read(fields)?;
        let (client_id, sealed_secret) = match flag {
            Flag::Delete => (None, String::new()),
            Flag::Put => {
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

    /// The encrypted secret alone: what a rehearsal tries.
    ///
    /// # Errors
    /// Where it is missing or too long.
    pub fn sealed_secret(fields: Fields<'_>) -> Result<&str, Malformed> {
        let sealed = fields.mandatory("clientSecret")?;
        if sealed.chars().count() > MAX_SECRET_LETTERS {
            return Err(Malformed { field: "clientSecret", kind: MalformedKind::TooLong });
        }
        Ok(sealed)
    }
}

/// One department (kit guide, "synchronising departments, single").
#[derive(Clone, Debug)]
pub struct SingleOrgSync {
    /// The purchase.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The department.
    pub org_code: OrgCode,
    /// What becomes of it. Its children stay, whatever it is.
    pub flag: Flag,
    /// Its name, under any of the guides' three spellings; empty in a deletion.
    pub name: String,
    /// The department above it; empty at the top.
    pub parent: String,
    /// When.
    pub at: UnixMillis,
    /// What the product is told.
    pub details: Details,
}

impl SingleOrgSync {
    /// Reads a call.
    ///
    /// # Errors
    /// Where an identifier is none, the flag is unknown, a name that the flag wants is missing,
    /// or a department is its own parent.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let flag = Flag::read(fields)?;
        let org_code = fields.required("orgCode", OrgCode::parse)?;
        let name = ["orgName", "OrgName", "name"].iter().find_map(|name| fields.text(name));
        let parent = fields.text("parentCode").unwrap_or_default();
        if flag == Flag::Put && name.is_none() {
            return Err(Malformed { field: "orgName", kind: MalformedKind::Missing });
        }
        if flag == Flag::Put && parent == org_code.as_str() {
            return Err(Malformed { field: "parentCode", kind: MalformedKind::Cyclic });
        }
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            org_code,
            flag,
            name: name.unwrap_or_default().to_owned(),
            parent: parent.to_owned(),
            at: fields.kit_time("timeStamp")?,
            details: fields.details(Activity::SingleOrgSync),
        })
    }
}

/// `domainName` as decision F6 takes it: https, a name and no address, no one's log-in, the usual
/// port. We never call it, but the product will.
fn is_domain(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.strip_suffix(":443").unwrap_or(authority);
    let label = |label: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(letters)
    };
    // A last label of digits, or one that begins like a hexadecimal, is an address in disguise.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_name = last.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    text.len() <= 255
        && host.contains('.')
        && host.split('.').all(label)
        && is_name
        && path.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_names_over_https() {
        let good = [
            "https://example.tenantaccount.com",
            "https://a.b.example:443",
            "https://a.example/realms/x",
        ];
        for text in good {
            assert!(is_domain(text), "{text}");
        }
        let long = format!("https://{}.example", "a.".repeat(130));
        let bad = [
            "http://a.example",
            "javascript:alert(1)",
            "//evil.example",
            "https://a.b\\@evil.example",
            "https://a.b%2f@evil.example",
            "https://u@a.example",
            "https://u:p@a.example",
            "https://127.0.0.1",
            "https://[::1]",
            "https://2130706433",
            "https://a.0x7f",
            "https://a.example:8443",
            "https://",
            "https://localhost",
            "https://аpple.example",
            "https://a..example",
            "https://a.example?x",
            "https://a.example#x",
            "",
            &long,
        ];
        for text in bad {
            assert!(!is_domain(text), "{text}");
        }
    }
}
