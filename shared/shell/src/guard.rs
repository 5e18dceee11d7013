//! How koohook may reach the product (decision E6). Over HTTPS a public authority, or one of the
//! seller's own, must have signed the product's certificate. Over HTTP the product must be on this
//! machine or in its private network.

use std::net::IpAddr;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject, SectionKind};
use thiserror::Error;

/// The limits of a connection to the product.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Authorities that are trusted besides the public ones.
    pub authorities: Authorities,
    /// Over HTTP, the network that must contain every address of the product's name. Over HTTPS
    /// `None`: any address is allowed.
    pub network: Option<Network>,
}

/// Certificates of the seller's own authorities.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// The addresses to which plain HTTP may connect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Network {
    /// This machine.
    Loopback,
    /// This machine, and addresses that no internet router forwards: RFC 1918, and IPv6 unique
    /// local addresses. Link-local addresses are excluded: clouds hand out credentials there.
    Private,
}

/// Why a text is not a list of authorities. Certificates count from 1.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AuthoritiesError {
    /// The text has no PEM block.
    #[error("has no certificate; set it to PEM text that begins with -----BEGIN CERTIFICATE-----")]
    Absent,
    /// A private key. Only the product may have it.
    #[error("has a private key; set it to only the authority's certificate")]
    PrivateKey,
    /// A public key, a certificate request, or a list of revoked certificates.
    #[error("has a PEM block that is not a certificate; remove it")]
    Foreign,
    /// A block that is cut off, or is not base64.
    #[error("has a damaged PEM block after {0} certificates; copy the whole file again")]
    Damaged(usize),
    /// A block that is labelled as a certificate and is not one.
    #[error("has an unreadable certificate, number {0}; replace it with an X.509 certificate")]
    Unusable(usize),
}

impl Authorities {
    /// Reads certificates from PEM. Line ends may be missing or written as `\n`: the consoles of
    /// some function platforms change them.
    ///
    /// # Errors
    /// See [`AuthoritiesError`].
    pub fn parse(pem: &str) -> Result<Self, AuthoritiesError> {
        let pem = with_line_ends(pem);
        let mut certificates = Vec::new();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()) {
            let read = certificates.len();
            let (kind, der) = section.map_err(|_| AuthoritiesError::Damaged(read))?;
            let certificate = match kind {
                SectionKind::Certificate => CertificateDer::from(der),
                SectionKind::RsaPrivateKey
                | SectionKind::PrivateKey
                | SectionKind::EcPrivateKey => return Err(AuthoritiesError::PrivateKey),
                _ => return Err(AuthoritiesError::Foreign),
            };
            let added = RootCertStore::empty().add(certificate.clone());
            added.map_err(|_| AuthoritiesError::Unusable(read + 1))?;
            certificates.push(certificate);
        }
        match (certificates.is_empty(), pem.contains("-----BEGIN ")) {
            (false, _) => Ok(Self(certificates)),
            (true, true) if pem.contains("PRIVATE KEY-----") => Err(AuthoritiesError::PrivateKey),
            (true, true) => Err(AuthoritiesError::Foreign),
            (true, false) => Err(AuthoritiesError::Absent),
        }
    }

    /// The certificates.
    pub fn iter(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.0.iter()
    }
}

impl Network {
    /// Whether the network contains an address. An IPv4 address in IPv6 form counts as the IPv4
    /// address.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_private = match address {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => address.is_unique_local(),
        };
        match self {
            Self::Loopback => address.is_loopback(),
            Self::Private => address.is_loopback() || is_private,
        }
    }
}

/// Restores PEM: every label and body on a separate line, without leading spaces.
fn with_line_ends(pem: &str) -> String {
    let text = pem.replace("\\r", "\r").replace("\\n", "\n");
    // In a text on one line, only the spaces inside the labels are significant.
    let text = text.replace("-----BEGIN ", "\n-----BEGIN ").replace("-----END ", "\n-----END ");
    let lines = text.lines().map(|line| {
        let line = line.trim();
        let label = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----"));
        match label {
            Some((label, body)) => format!("-----BEGIN {label}-----\n{body}\n"),
            None => format!("{line}\n"),
        }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: &str = include_str!("../../../tests/vectors/tls/ca.pem");
    const KEY: &str = include_str!("../../../tests/vectors/tls/server.key");

    #[test]
    fn certificates_are_read_with_any_line_ends() {
        let expected = Authorities::parse(AUTHORITY).unwrap();
        assert_eq!(expected.iter().count(), 1);
        let indented: String = AUTHORITY.lines().map(|line| format!("    {line}\n")).collect();
        for text in [
            AUTHORITY.replace('\n', "\r\n"),
            AUTHORITY.replace('\n', "\\n"),
            AUTHORITY.replace('\n', " "),
            AUTHORITY.trim_end().to_owned(),
            indented,
            format!("subject=made up\n\n{AUTHORITY}\n"),
        ] {
            assert_eq!(Authorities::parse(&text), Ok(expected.clone()), "{text}");
        }
        let two = Authorities::parse(&[AUTHORITY, AUTHORITY].concat()).unwrap();
        assert_eq!(two.iter().count(), 2);
    }

    #[test]
    fn a_text_that_is_not_a_certificate_is_rejected() {
        let damaged = AUTHORITY.replace("-----END CERTIFICATE-----", "");
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        let sealed =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----";
        for (text, fault) in [
            ("", AuthoritiesError::Absent),
            ("/etc/ssl/ca.pem", AuthoritiesError::Absent),
            (KEY, AuthoritiesError::PrivateKey),
            (sealed, AuthoritiesError::PrivateKey),
            (public, AuthoritiesError::Foreign),
            (&damaged, AuthoritiesError::Damaged(0)),
            (nonsense, AuthoritiesError::Unusable(1)),
            (&[AUTHORITY, KEY].concat(), AuthoritiesError::PrivateKey),
            (&[AUTHORITY, nonsense].concat(), AuthoritiesError::Unusable(2)),
        ] {
            assert_eq!(Authorities::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_private_network_excludes_public_and_link_local_addresses() {
        let contains = |network: Network, text: &str| network.contains(text.parse().unwrap());
        for text in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"] {
            assert!(contains(Network::Loopback, text), "{text}");
            assert!(contains(Network::Private, text), "{text}");
        }
        for text in [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "::ffff:10.0.0.1",
            "fd00::1",
            "fc00::1",
        ] {
            assert!(!contains(Network::Loopback, text), "{text}");
            assert!(contains(Network::Private, text), "{text}");
        }
        for text in NOT_PRIVATE {
            assert!(!contains(Network::Private, text), "{text}");
        }
    }

    /// Addresses that are not private: public, link-local, shared by carriers, multicast,
    /// unspecified.
    const NOT_PRIVATE: [&str; 21] = [
        "0.0.0.0",
        "::",
        "::ffff:0.0.0.0",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fe80::1",
        "100.64.0.1",
        "100.127.255.255",
        "172.15.255.255",
        "172.32.0.1",
        "192.169.0.1",
        "11.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
        "192.0.2.1",
        "8.8.8.8",
        "2001:db8::1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "::10.0.0.1",
    ];
}
