//! `tenantSync`: an enterprise.

use super::malformed::MalformedKind;
use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId, SyncFlag, TenantId};
use crate::signature::Verified;
use crate::time::UnixMillis;

/// An enterprise (kit guide, "synchronising tenants").
#[derive(Clone, Debug)]
pub struct TenantSync {
    /// The instance. `None` while a seller applies for credentials.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// Whether the enterprise is put or deleted.
    pub flag: SyncFlag,
    /// When the change happened at the marketplace.
    pub at: UnixMillis,
    /// The enterprise's label. It selects the enterprise's login page. Empty in a deletion.
    pub code: String,
    /// The enterprise's name. Empty in a deletion.
    pub name: String,
    /// The address of its authentication centre. koohook stores it and sends it to the product, but
    /// never calls it. Empty in a deletion.
    pub domain: String,
    /// The fields that the product gets.
    pub details: Details,
}

impl TenantSync {
    /// Reads a call.
    ///
    /// # Errors
    /// If an identifier is invalid, the flag is unknown, or a field that the flag requires is
    /// missing or unusable.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        fields.optional("orderId", OrderId::parse)?;
        let flag = SyncFlag::read(fields)?;
        let required = |name| match flag {
            SyncFlag::Put => fields.mandatory(name).map(str::to_owned),
            SyncFlag::Delete => Ok(String::new()),
        };
        let domain = required("domainName")?;
        if flag == SyncFlag::Put && !is_domain(&domain) {
            return Err(Malformed { field: "domainName", kind: MalformedKind::NoDomain });
        }
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            flag,
            at: fields.kit_time("timeStamp")?,
            code: required("tenantCode")?,
            name: required("name")?,
            domain,
            details: fields.details(Activity::TenantSync),
        })
    }
}

/// Whether `domainName` fulfils decision F6: https, a domain name and not an IP address, no user
/// information, and the default port. koohook never calls it, but the product does.
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
    // A last label that begins with a digit makes the host an IP address, for example `0x7f`.
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
    fn only_https_addresses_with_a_domain_name_are_accepted() {
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
