//! The smallest HTTP function with a store. It connects to Redis with TLS, waits for the answer to a
//! `PING`, and then does what `constant-host` does. This is the baseline for a start over Redis.

use std::error::Error;

use redis::{Client, TlsCertificates};

mod hello_http;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let authority = std::fs::read(std::env::var("HELLO_AUTHORITY")?)?;
        let certificates = TlsCertificates { client_tls: None, root_cert: Some(authority) };
        let client = Client::build_with_tls(std::env::var("HELLO_REDIS")?, certificates)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<()>(&mut connection).await?;
        hello_http::listen().await
    })
}
