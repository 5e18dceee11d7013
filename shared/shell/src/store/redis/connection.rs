//! The connection to Redis, made anew when it fails.
//!
//! After hours of being frozen a host holds a connection that is dead, and does not know: the first
//! answer never comes. So a call waits for an answer no longer than [`ANSWER`]; then the next call
//! connects anew. A read is sent a second time. So the first call after a thaw ends well inside a
//! callback's four seconds. A write is sent once here: its caller sends it again, under the same
//! version, so that a second arrival does no harm.

use std::fs;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind,
    TlsCertificates, Value,
};
use tokio::sync::Mutex;

use super::RedisOpenError;
use crate::store::RedisSetting;

/// A server or a cluster, and the one connection to it that all calls share.
pub struct RedisConnection {
    target: Target,
    shared: Mutex<Shared>,
}

#[expect(clippy::large_enum_variant, reason = "a process has one")]
enum Target {
    Server(Client),
    Cluster(ClusterClient),
}

/// The connection that is shared, if there is one.
#[derive(Default)]
struct Shared {
    connection: Option<Connection>,
    /// How many connections there have been: a failed call names its connection by this number.
    number: u64,
    /// Whether a call failed on it, so that the next call connects anew.
    has_failed: bool,
}

#[derive(Clone)]
enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl RedisConnection {
    /// A connection that is made when it is first used.
    ///
    /// # Errors
    /// If the address is not one of a Redis, or the authority's file cannot be read.
    pub fn new(setting: &RedisSetting) -> Result<Self, RedisOpenError> {
        let authority = setting.authority.as_deref().map(read_authority).transpose()?;
        let target = if setting.cluster {
            Target::cluster(setting.address.reveal(), authority)
        } else {
            Target::server(setting.address.reveal(), authority)
        };
        Ok(Self { target: target.map_err(|_| RedisOpenError::Address)?, shared: Mutex::default() })
    }

    /// Whether the address is a cluster's.
    pub const fn is_cluster(&self) -> bool {
        matches!(self.target, Target::Cluster(_))
    }

    /// Sends commands about one shard, in one round trip, and reads their answers. Being dropped
    /// at any time does the connection no harm.
    ///
    /// # Errors
    /// If a command is refused, or has no answer in time. A command without an answer may have run.
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

    /// Sends commands that only read; once more if the connection failed.
    ///
    /// # Errors
    /// As [`RedisConnection::send`].
    pub async fn read(&self, commands: &Pipeline) -> Result<Vec<Value>, RedisError> {
        match self.send(commands).await {
            Err(fault) if !is_their_word(&fault) => self.send(commands).await,
            answers => answers,
        }
    }

    /// What every master answers to a command; with the server's name if there are several.
    ///
    /// # Errors
    /// If a master does not answer, or refuses.
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

    /// The connection and its number. A connection that failed is made anew. If that fails, a
    /// cluster's old connection stays: it finds its way to the other nodes by itself.
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

    /// A cluster's connection recovers from errors by itself, but not from silence.
    async fn note_failure(&self, number: u64, fault: &RedisError) {
        let has_failed = if self.is_cluster() { fault.is_timeout() } else { !is_their_word(fault) };
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
        let builder = ClusterClient::builder([address]).retries(DETOURS);
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
    // A file without one would be as good as none at all, and say so only when it is too late.
    if !pem.windows(BEGIN.len()).any(|text| text == BEGIN) {
        return Err(RedisOpenError::Authority);
    }
    Ok(TlsCertificates { client_tls: None, root_cert: Some(pem) })
}

/// Whether the server answered, if only with a no, and the connection is sound. A server that is
/// read-only has become a replica: another address is behind its name now.
fn is_their_word(fault: &RedisError) -> bool {
    fault.code().is_some() && fault.kind() != ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// One word for the log: the server's own for its no, or what became of the connection. Never
/// what else the server says, which names keys and addresses.
pub fn word(fault: &RedisError) -> &str {
    match fault.code() {
        Some(code) => code,
        None if fault.is_timeout() => "timeout",
        None => fault.category(),
    }
}

/// A text that a server answers with.
///
/// # Errors
/// If it is none.
pub fn text(value: Value) -> Result<String, RedisError> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| unreadable()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Ok(text),
        _ => Err(unreadable()),
    }
}

/// An answer that is not of the command's kind.
pub fn unreadable() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "not an answer to that").into()
}

fn out_of_time() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// How long an answer may take.
const ANSWER: Duration = Duration::from_millis(1_500);
/// How long connecting may take, with all that belongs to it.
const CONNECT: Duration = Duration::from_secs(1);
/// How often a cluster may send us elsewhere, or ask for patience, for one command.
const DETOURS: u32 = 4;
/// How a certificate begins in a file.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// Milliseconds of patience at a time.
const PATIENCE: [u64; 2] = [20, 200];
