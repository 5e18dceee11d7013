//! How the product may be reached (decision E6): over HTTPS if a public authority or one of the
//! seller's own signed its certificate; over HTTP in this machine or its private network alone.

use std::net::IpAddr;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject, SectionKind};
use thiserror::Error;

/// What a connection to the product must keep to.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Authorities beside the public ones.
    pub authorities: Authorities,
    /// The network that every address of the product's name must be in; over HTTPS, any.
    pub network: Option<Network>,
}

/// Certificates of the seller's own authorities.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// Where plain HTTP may lead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Network {
    /// This machine.
    Loopback,
    /// This machine, and addresses that no router of the internet forwards: RFC 1918's and unique
    /// local ones of IPv6. Not link-local ones, where clouds hand out credentials.
    Private,
}

/// Why a text holds no authorities. Certificates count from 1.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AuthoritiesError {
    /// No PEM block at all.
    #[error("has no certificate; it wants PEM from -----BEGIN CERTIFICATE----- on")]
    Absent,
    /// The secret half of a certificate, which is the product's alone.
    #[error("has a private key; it wants the authority's certificate alone")]
    PrivateKey,
    /// A public key, a request, a list of revoked certificates.
    #[error("has a PEM block that is not a certificate; remove it")]
    Foreign,
    /// A block without its end, or not base64.
    #[error("has a damaged PEM block after {0} certificates; copy the file anew")]
    Damaged(usize),
    /// PEM of something that is not a certificate.
    #[error("has a certificate that cannot be read, number {0}")]
    Unusable(usize),
}

impl Authorities {
    /// Reads certificates from PEM. Line ends may be lost or written as `\n`, as the consoles of
    /// function platforms leave them.
    ///
    /// # Errors
    /// As [`AuthoritiesError`] says.
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
    /// Whether an address is there. An IPv4 address in IPv6's form is the same address.
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

/// PEM with every line on a line of its own, without blanks before it.
fn with_line_ends(pem: &str) -> String {
    let text = pem.replace("\\r", "\r").replace("\\n", "\n");
    // Of a text on one line the labels alone have blanks that mean something.
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
    fn certificates_are_read_in_every_form_that_consoles_leave() {
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
    fn what_is_not_a_certificate_is_refused() {
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
    fn networks_end_where_routers_forward_and_clouds_hand_out_credentials() {
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
        for text in ELSEWHERE {
            assert!(!contains(Network::Private, text), "{text}");
        }
    }

    /// Addresses that are not private: of the internet, of links, of carriers, of nothing.
    const ELSEWHERE: [&str; 21] = [
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
