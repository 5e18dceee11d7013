//! The fault of a failed Redis command, and what to do. It never contains the server's own
//! sentence, which names keys and addresses.

use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use super::connection::word;
use crate::store::RightError;

/// Converts the error of a command into the result of a permission check.
pub fn right_error(fault: &RedisError) -> RightError {
    let text = format!("redis {}", of(fault));
    let passes = match fault.code() {
        Some(code) => matches!(
            code,
            "BUSY"
                | "CLUSTERDOWN"
                | "LOADING"
                | "MASTERDOWN"
                | "MISCONF"
                | "OOM"
                | "TRYAGAIN"
                | MOVED
        ),
        None => true,
    };
    if passes { RightError::Unanswered(text) } else { RightError::Refused(text) }
}

/// Whether a fault, as [`of`] describes it, may end without a change of the settings.
pub fn may_pass(text: &str) -> bool {
    !LASTING.contains(&text)
}

/// The fault, and what to do.
pub fn of(fault: &RedisError) -> String {
    if fault.code() == Some(UNFIT) {
        let reason = fault.detail().unwrap_or_default();
        return format!(
            "may lose acknowledged writes, so koohook writes nothing: {reason}; or add durability=any for a trial"
        );
    }
    let known = match fault.kind() {
        ErrorKind::AuthenticationFailed => Some(UNKNOWN_USER),
        ErrorKind::Server(ServerErrorKind::NoPerm) => Some(NO_RIGHT),
        ErrorKind::Server(ServerErrorKind::ReadOnly) => Some(READ_ONLY),
        ErrorKind::Parse => Some(NOT_REDIS),
        _ if is_about_database(fault) && lacks_permission(fault) => Some(NO_RIGHT),
        _ if is_about_database(fault) => Some(NO_DATABASE),
        _ => match fault.code() {
            Some(code) => answered(code, fault.detail().unwrap_or_default()),
            None => connection(fault),
        },
    };
    known.map_or_else(
        || format!("rejects the command ({}); check the server's log", word(fault)),
        str::to_owned,
    )
}

/// Whether the server rejects the number of the database. The client reports this only in the
/// error's text.
fn is_about_database(fault: &RedisError) -> bool {
    let text = fault.to_string();
    text.contains("switch database") || text.contains("DB index")
}

/// Whether the server denies its user a command. The client wraps some errors and drops their code.
fn lacks_permission(fault: &RedisError) -> bool {
    let text = fault.to_string();
    text.contains("NOPERM") || text.contains("no permissions")
}

/// Why a server does not answer as a cluster, after it was asked for its slots without the
/// cluster's client.
pub fn of_cluster(slots: &Result<Vec<Value>, RedisError>) -> String {
    match slots {
        Ok(_) => CLUSTER_SILENT.to_owned(),
        Err(fault) if fault.to_string().contains("cluster support disabled") => {
            NO_CLUSTER.to_owned()
        }
        Err(fault) => of(fault),
    }
}

/// The fault that an error code of the server reports, and what to do.
fn answered(code: &str, detail: &str) -> Option<&'static str> {
    match code {
        // A script whose user lacks a permission.
        "ERR" if detail.contains("ACL failure") || detail.contains("can't run this command") => {
            Some(NO_RIGHT)
        }
        "NOAUTH" | "WRONGPASS" => Some(UNKNOWN_USER),
        "NOPERM" => Some(NO_RIGHT),
        "READONLY" => Some(READ_ONLY),
        "WRONGTYPE" => Some(OTHERS),
        "OOM" => Some(FULL),
        MOVED => Some(SLOTS_MOVED),
        "BUSY" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "MISCONF" => Some(LOADING),
        _ => None,
    }
}

/// The fault of the connection, and what to do. The client reports some of it only in the error's
/// text.
fn connection(fault: &RedisError) -> Option<&'static str> {
    let text = fault.to_string();
    let says = |word: &str| text.contains(word);
    match () {
        () if fault.is_timeout() => Some(SILENT),
        () if says("No such file") => Some(NOT_THERE),
        () if fault.is_connection_refusal() || says("Connection refused") => Some(ABSENT),
        () if says("Permission denied") => Some(NO_SOCKET),
        () if says("lookup address") || says("Name or service") => Some(UNKNOWN_HOST),
        () if says("certificate") => Some(UNTRUSTED),
        () if says("corrupt message") || says("InvalidContentType") => Some(NO_TLS),
        () if fault.is_connection_dropped() || says("eof") => Some(CUT_OFF),
        () => None,
    }
}

/// The code of our own error: the server did not answer at the start, and its durability is unfit.
pub const UNFIT: &str = "durability unfit";
/// The code of our own error: the cluster moved slots during a scan.
pub const MOVED: &str = "slots moved";
/// The faults that end only after a change of the settings.
const LASTING: [&str; 10] = [
    NOT_REDIS,
    NO_DATABASE,
    NO_TLS,
    UNTRUSTED,
    UNKNOWN_USER,
    NO_RIGHT,
    READ_ONLY,
    OTHERS,
    NO_SOCKET,
    NO_CLUSTER,
];
/// There was no answer within the time limit of a start.
pub const SILENT: &str = "does not answer in time; check host, port and network, and use rediss:// if the port speaks \
     TLS, else redis://";
const NO_CLUSTER: &str = "is not a cluster; remove cluster=true";
/// The client searches for a cluster's nodes until the time is over.
const CLUSTER_SILENT: &str = "answers, but other nodes of the cluster do not; allow this machine to reach every \
     address that CLUSTER SLOTS shows";
const NOT_REDIS: &str = "does not answer like a Redis server; correct the host and the port, or \
     use rediss:// if the port speaks TLS";
const NO_DATABASE: &str = "has no database with this number; correct the number after the host and \
     the port, or remove it";
const ABSENT: &str = "does not run at this address; start it, or correct the host \
     and the port";
const UNKNOWN_HOST: &str = "has an unknown host name; correct it, or check the DNS";
const CUT_OFF: &str =
    "closes the connection immediately; use rediss:// if the server expects TLS, or check its log";
const NO_TLS: &str = "does not speak TLS at this port; name its TLS port, or use redis://";
const UNTRUSTED: &str =
    "shows a certificate that is not trusted; name its authority's file with ca=FILE";
const UNKNOWN_USER: &str = "rejects the user or the password; correct them, and \
     percent-encode @ : / ? # % and blanks in them";
/// Lists the same commands as the guide: docs/stores.md.
const NO_RIGHT: &str = "does not allow this to its user; allow the user PING, INFO, TIME, DBSIZE and CONFIG GET; \
     SELECT if the address names a database; CLUSTER SLOTS with cluster=true; WAIT and PUBLISH \
     with wait=N; and, on keys that begin with its prefix, HMGET, HGET, HSET, HDEL, PERSIST, \
     PEXPIRE, ZADD, ZREM, ZRANGEBYSCORE, ZREVRANGEBYSCORE, EVAL and EVALSHA; commands \
     that read the whole store also need SCAN and ZSCORE, and CLUSTER NODES with cluster=true";
const READ_ONLY: &str = "accepts no writes at this address; name its master";
const OTHERS: &str =
    "contains another program's keys with this prefix; choose another one with prefix=NAME";
const FULL: &str = "is out of memory; raise maxmemory, and keep maxmemory-policy noeviction";
const SLOTS_MOVED: &str = "moves slots between its nodes, so a scan may miss values; wait until the \
     cluster has moved them, then run the command again";
const LOADING: &str = "is still loading its data, or accepts no writes now; wait, or check its log";
const NOT_THERE: &str = "has no socket at this path; start it, or correct the path";
const NO_SOCKET: &str = "has a socket that this user may not open; allow the user to open it";
