//! `tenantSync`: an enterprise.

use super::malformed::MalformedKind;
use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId, SyncFlag, TenantId};
use crate::signature::Verified;
use crate::time::UnixMillis;

/// An enterprise (kit guide, "synchronising tenants").
#[derive(Clone, Debug)]
pub struct TenantSync {
    /// The purchase; none while a seller applies for credentials.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// What becomes of it.
    pub flag: SyncFlag,
    /// When.
    pub at: UnixMillis,
    /// The label that leads people to the enterprise's login page; empty in a deletion.
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
    /// If an identifier is invalid, the flag is unknown, or a field that the flag wants is
    /// missing or unusable.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        fields.optional("orderId", OrderId::parse)?;
        let flag = SyncFlag::read(fields)?;
        let wanted = |name| match flag {
            SyncFlag::Put => fields.mandatory(name).map(str::to_owned),
            SyncFlag::Delete => Ok(String::new()),
        };
        let domain = wanted("domainName")?;
        if flag == SyncFlag::Put && !is_domain(&domain) {
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
