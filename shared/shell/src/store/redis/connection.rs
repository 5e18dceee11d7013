//! The connection to Redis, which is replaced after it fails.
//!
//! After a host was frozen for hours, its connection may be broken without the host noticing: the
//! next answer never arrives. So a call waits for an answer at most [`ANSWER`]. After that the next
//! call connects again. A read is sent a second time, so that the first call after a freeze ends
//! well within a callback's four seconds. A write is sent only once here. Its caller sends it again
//! with the same version, so that a second arrival does no harm.

use std::fs;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
#[cfg(feature = "scan")]
use redis::cluster_routing::SingleNodeRoutingInfo;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind,
    TlsCertificates, Value,
};
use tokio::sync::Mutex;

use super::RedisOpenError;
use crate::store::RedisSetting;

/// A server or a cluster, and the one connection that all calls share.
pub struct RedisConnection {
    target: Target,
    shared: Mutex<Shared>,
}

#[expect(clippy::large_enum_variant, reason = "a process has one")]
enum Target {
    Server(Client),
    Cluster(ClusterClient),
}

/// The shared connection, if there is one.
#[derive(Default)]
struct Shared {
    connection: Option<Connection>,
    /// The number of connections so far. A failed call reports its connection by this number.
    number: u64,
    /// Whether a call failed on the connection, so that the next call connects again.
    has_failed: bool,
}

#[derive(Clone)]
enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl RedisConnection {
    /// Prepares a connection. The first call connects.
    ///
    /// # Errors
    /// If the address is not a Redis address, or the authority's file cannot be read.
    pub fn new(setting: &RedisSetting) -> Result<Self, RedisOpenError> {
        let authority = setting.authority.as_deref().map(read_authority).transpose()?;
        let target = if setting.cluster {
            Target::cluster(setting.address.reveal(), authority)
        } else {
            Target::server(setting.address.reveal(), authority)
        };
        Ok(Self { target: target.map_err(|_| RedisOpenError::Address)?, shared: Mutex::default() })
    }

    /// Whether the address belongs to a cluster.
    pub const fn is_cluster(&self) -> bool {
        matches!(self.target, Target::Cluster(_))
    }

    /// Sends commands of one shard in one round trip, and reads their answers. Dropping the future
    /// at any time does not damage the connection.
    ///
    /// # Errors
    /// If the server rejects a command, or does not answer in time. Commands without an answer may
    /// have run.
    pub async fn send(&self, commands: &Pipeline) -> Result<Vec<Value>, RedisError> {
        let (number, mut connection) = self.connect().await?;
        let sent = connection.request(commands).await;
        let answers =
            sent.and_then(|answers| answers.into_iter().map(Value::extract_error).collect());
        if let Err(fault) = &answers {
            self.note_failure(number, fault).await;
        }
        answers
    }

    /// Sends commands that only read. Sends them once more if the connection failed.
    ///
    /// # Errors
    /// See [`RedisConnection::send`].
    pub async fn read(&self, commands: &Pipeline) -> Result<Vec<Value>, RedisError> {
        match self.send(commands).await {
            Err(fault) if !is_answer(&fault) => self.send(commands).await,
            answers => answers,
        }
    }

    /// Sends a command to every master and returns the answers, with the server's name if there are
    /// several.
    ///
    /// # Errors
    /// If a master does not answer, or rejects the command.
    pub async fn read_every_master(
        &self,
        command: Cmd,
    ) -> Result<Vec<(String, Value)>, RedisError> {
        let answer = match self.connect().await?.1 {
            Connection::Server(mut connection) => connection.send_packed_command(&command).await?,
            Connection::Cluster(mut connection) => {
                let masters = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                let Value::Map(answers) = connection.route_command(command, masters).await? else {
                    return Err(unreadable());
                };
                let named = answers.into_iter().map(|(name, answer)| Ok((text(name)?, answer)));
                return named.collect();
            }
        };
        Ok(vec![(String::new(), answer.extract_error()?)])
    }

    /// Sends a command that only reads to one master. Its name is from [`Self::read_every_master`].
    /// Sends it once more if the connection failed.
    ///
    /// # Errors
    /// If the master does not answer, rejects the command, or is not in the cluster.
    #[cfg(feature = "scan")]
    pub async fn read_master(&self, name: &str, command: Cmd) -> Result<Value, RedisError> {
        match self.send_to(name, command.clone()).await {
            Err(fault) if !is_answer(&fault) => self.send_to(name, command).await,
            answer => answer,
        }
    }

    #[cfg(feature = "scan")]
    async fn send_to(&self, name: &str, command: Cmd) -> Result<Value, RedisError> {
        let (number, connection) = self.connect().await?;
        let sent = match connection {
            Connection::Server(mut connection) => connection.send_packed_command(&command).await,
            Connection::Cluster(mut connection) => {
                connection.route_command(command, one_node(name).ok_or_else(unreadable)?).await
            }
        };
        let answer = sent.and_then(Value::extract_error);
        if let Err(fault) = &answer {
            self.note_failure(number, fault).await;
        }
        answer
    }

    /// Returns the connection and its number. A connection that failed is replaced. If that fails
    /// for a cluster, the old connection stays, since it can find the other nodes itself.
    async fn connect(&self) -> Result<(u64, Connection), RedisError> {
        let mut shared = self.shared.lock().await;
        if shared.connection.is_none() || shared.has_failed {
            match tokio::time::timeout(CONNECT * 2, self.target.connect()).await {
                Ok(Ok(connection)) => {
                    shared.connection = Some(connection);
                    shared.number += 1;
                    shared.has_failed = false;
                }
                Ok(Err(fault)) if !self.is_cluster() => return Err(fault),
                Err(_) if !self.is_cluster() => return Err(out_of_time()),
                Ok(Err(_)) | Err(_) => (),
            }
        }
        let connection = shared.connection.clone().ok_or_else(out_of_time)?;
        Ok((shared.number, connection))
    }

    /// Records that a call failed. A cluster's connection recovers from errors itself, but not from
    /// missing answers.
    async fn note_failure(&self, number: u64, fault: &RedisError) {
        let has_failed = if self.is_cluster() { fault.is_timeout() } else { !is_answer(fault) };
        if has_failed {
            let mut shared = self.shared.lock().await;
            shared.has_failed |= shared.number == number;
        }
    }
}

impl Target {
    fn server(address: &str, authority: Option<TlsCertificates>) -> Result<Self, RedisError> {
        match authority {
            None => Client::open(address),
            Some(authority) => Client::build_with_tls(address, authority),
        }
        .map(Self::Server)
    }

    fn cluster(address: &str, authority: Option<TlsCertificates>) -> Result<Self, RedisError> {
        let [least, most] = PATIENCE;
        let builder = ClusterClient::builder([address]).retries(MAX_REDIRECTS);
        let builder = builder.min_retry_wait(least).max_retry_wait(most);
        let builder = builder.connection_timeout(CONNECT).response_timeout(ANSWER);
        let builder = match authority {
            None => builder,
            Some(authority) => builder.certs(authority),
        };
        builder.build().map(Self::Cluster)
    }

    async fn connect(&self) -> Result<Connection, RedisError> {
        match self {
            Self::Server(client) => {
                let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT));
                let config = config.set_response_timeout(Some(ANSWER));
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                connection.await.map(Connection::Server)
            }
            Self::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }
}

impl Connection {
    async fn request(&mut self, commands: &Pipeline) -> Result<Vec<Value>, RedisError> {
        match self {
            Self::Server(server) => server.req_packed_commands(commands, 0, commands.len()).await,
            Self::Cluster(all) => all.req_packed_commands(commands, 0, commands.len()).await,
        }
    }
}

fn read_authority(file: &str) -> Result<TlsCertificates, RedisOpenError> {
    let pem = fs::read(file).map_err(|_| RedisOpenError::Authority)?;
    // The client would ignore a file without a certificate, and fail only when it connects.
    if !pem.windows(BEGIN.len()).any(|text| text == BEGIN) {
        return Err(RedisOpenError::Authority);
    }
    Ok(TlsCertificates { client_tls: None, root_cert: Some(pem) })
}

/// Whether the error is an answer of the server, so that the connection works. If the server is
/// read-only, it has become a replica: its name now belongs to another address, and koohook must
/// connect again.
fn is_answer(fault: &RedisError) -> bool {
    fault.code().is_some() && fault.kind() != ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// The route to the node of this name: host, colon and port.
#[cfg(feature = "scan")]
fn one_node(name: &str) -> Option<RoutingInfo> {
    let (host, port) = name.rsplit_once(':')?;
    let (host, port) = (host.to_owned(), port.parse().ok()?);
    Some(RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress { host, port }))
}

/// One word for the log: the server's error code, or the category of the connection's error. It
/// never contains the rest of the server's text, which names keys and addresses.
pub fn word(fault: &RedisError) -> &str {
    match fault.code() {
        Some(code) => code,
        None if fault.is_timeout() => "timeout",
        None => fault.category(),
    }
}

/// Reads a text from an answer.
///
/// # Errors
/// If the answer is not a text.
pub fn text(value: Value) -> Result<String, RedisError> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| unreadable()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Ok(text),
        _ => Err(unreadable()),
    }
}

/// The error for an answer that does not fit the command.
pub fn unreadable() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "unexpected type of answer").into()
}

fn out_of_time() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// How long an answer may take.
const ANSWER: Duration = Duration::from_millis(1_500);
/// How long it may take to connect, with TLS and authentication.
const CONNECT: Duration = Duration::from_secs(1);
/// How many times a cluster may redirect one command, or ask koohook to send it again.
const MAX_REDIRECTS: u32 = 4;
/// The beginning of a certificate in a file.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// The shortest and the longest pause before a cluster command is sent again, in milliseconds.
const PATIENCE: [u64; 2] = [20, 200];
