//! The host of a request to an open API: a site of the marketplace, or an address from the settings.

use thiserror::Error;

/// A host of the marketplace's open interfaces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenApiHost {
    scheme: &'static str,
    authority: String,
    fallback: Option<&'static str>,
}

/// `KOOHOOK_OPENAPI_HOST` is not a host. The error never contains the text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error(
    "must be china, international, europe or an https origin; http is allowed only for this machine"
)]
pub struct OpenApiHostError;

impl OpenApiHost {
    /// Reads the name of a site, or an origin: scheme, name and port without a path.
    ///
    /// # Errors
    /// If the text is not a site or an origin.
    pub fn parse(text: &str) -> Result<Self, OpenApiHostError> {
        match text {
            "china" => Ok(Self::site(CHINA, Some(CHINA_FALLBACK))),
            // The international guide names China's fallback. koohook does not send buyers' orders
            // to it.
            "international" => Ok(Self::site("mkt-intl.myhuaweicloud.com", None)),
            "europe" => Ok(Self::site("mkt.myhuaweicloud.eu", None)),
            origin => Self::parse_origin(origin),
        }
    }

    /// The host to query if this host cannot be reached.
    pub fn fallback(&self) -> Option<Self> {
        self.fallback.map(|name| Self::site(name, None))
    }

    /// Scheme, name and port.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Name and port for the header `host`. The scheme's default port is left out.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    fn site(name: &str, fallback: Option<&'static str>) -> Self {
        Self { scheme: "https", authority: name.to_owned(), fallback }
    }

    fn parse_origin(origin: &str) -> Result<Self, OpenApiHostError> {
        let (scheme, rest) = origin.split_once("://").ok_or(OpenApiHostError)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
        let (name, port) = split_port(&authority).ok_or(OpenApiHostError)?;
        let loopback = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
        let (scheme, own_port) = match scheme {
            "https" => ("https", 443),
            "http" if loopback => ("http", 80),
            _ => return Err(OpenApiHostError),
        };
        if !(loopback || is_name(name)) {
            return Err(OpenApiHostError);
        }
        let shown = port.filter(|port| *port != own_port).map(|port| format!(":{port}"));
        let authority = format!("{name}{}", shown.unwrap_or_default());
        Ok(Self { scheme, authority, fallback: None })
    }
}

/// China's site. koohook uses it if the setting is not set.
impl Default for OpenApiHost {
    fn default() -> Self {
        Self::site(CHINA, Some(CHINA_FALLBACK))
    }
}

/// Splits a name from its optional port. `None` if the port is not valid.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|port| digits && *port != 0)?;
            Some((name, Some(port)))
        }
        Some(_) | None => Some((authority, None)),
    }
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    name.len() <= 253 && name.split('.').all(|label| !label.is_empty() && label.bytes().all(letter))
}

const CHINA: &str = "mkt.myhuaweicloud.com";
const CHINA_FALLBACK: &str = "mkt.myhuaweicloud.cn";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_its_host_and_fallback() {
        let cases = [
            ("china", "https://mkt.myhuaweicloud.com", Some("https://mkt.myhuaweicloud.cn")),
            ("international", "https://mkt-intl.myhuaweicloud.com", None),
            ("europe", "https://mkt.myhuaweicloud.eu", None),
        ];
        for (text, origin, fallback) in cases {
            let host = OpenApiHost::parse(text).unwrap();
            assert_eq!(host.origin(), origin);
            let other = host.fallback();
            assert_eq!(other.as_ref().map(OpenApiHost::origin).as_deref(), fallback);
            assert_eq!(other.and_then(|host| host.fallback()), None);
        }
        assert_eq!(OpenApiHost::default(), OpenApiHost::parse("china").unwrap());
    }

    #[test]
    fn an_origin_is_https_or_this_machine() {
        let cases = [
            ("https://Open.Example", Some("https://open.example")),
            ("https://open.example/", Some("https://open.example")),
            ("https://open.example:443", Some("https://open.example")),
            ("https://open.example:8443", Some("https://open.example:8443")),
            ("https://192.0.2.1", Some("https://192.0.2.1")),
            ("http://127.0.0.1:9001", Some("http://127.0.0.1:9001")),
            ("http://localhost:80", Some("http://localhost")),
            ("http://[::1]:9001/", Some("http://[::1]:9001")),
            ("http://[::1]", Some("http://[::1]")),
            ("http://open.example", None),
            ("http://127.0.0.1.open.example", None),
            ("https://seller:canary@open.example", None),
            ("http://localhost@open.example", None),
            ("https://open.example/path", None),
            ("https://open.example?", None),
            ("https://open.example#", None),
            ("https://open.example//", None),
            ("https://open.example:", None),
            ("https://open.example:0", None),
            ("https://open.example:+443", None),
            ("https://open.example:65536", None),
            ("https://open..example", None),
            ("https://open.example\r\nx: y", None),
            ("https://[2001:db8::1]", None),
            ("https://", None),
            ("https://:443", None),
            ("open.example", None),
            ("ftp://localhost", None),
            ("China", None),
            ("", None),
        ];
        for (text, origin) in cases {
            let read = OpenApiHost::parse(text).map(|host| host.origin());
            assert_eq!(read.ok().as_deref(), origin, "{text:?}");
        }
    }

    #[test]
    fn the_error_contains_the_allowed_hosts_and_not_the_text() {
        let error = OpenApiHost::parse("https://seller:canary@open.example").unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("must be china, international, europe"), "{text}");
        assert!(!format!("{text} {error:?}").contains("canary"));
    }
}
