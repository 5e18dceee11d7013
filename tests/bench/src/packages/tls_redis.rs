//! A Redis server with TLS.

use tests::redis_server::RedisServer;

/// A Redis server that also listens for TLS. The tests' authority signed its certificate.
pub struct TlsRedis {
    port: u16,
    authority: String,
    _server: RedisServer,
}

impl TlsRedis {
    /// Starts a server, if Redis is installed.
    pub fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let file = |name| format!("{}/../vectors/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let [authority, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(file);
        let listen = port.to_string();
        let server = RedisServer::start(&[
            "--tls-port",
            &listen,
            "--tls-auth-clients",
            "no",
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &authority,
        ])?;
        Some(Self { port, authority, _server: server })
    }

    /// The settings of the smallest function that connects to this server.
    pub fn hello_settings(&self) -> [(&'static str, String); 2] {
        let address = format!("rediss://127.0.0.1:{}", self.port);
        [("HELLO_REDIS", address), ("HELLO_AUTHORITY", self.authority.clone())]
    }

    /// `KOOHOOK_STORE` of a function.
    pub fn setting(&self, function: &str) -> String {
        format!("rediss://127.0.0.1:{}?ca={}&prefix={function}", self.port, self.authority)
    }
}
