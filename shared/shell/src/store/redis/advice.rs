//! What is wrong with a Redis that does not do as asked, and what to do. Never the server's own
//! sentence, which names keys and addresses.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::connection::word;
use crate::store::RightError;

/// What to do about a right that is not proved.
pub fn right_error(fault: &RedisError) -> RightError {
    let text = format!("redis {}", of(fault));
    let passes = match fault.code() {
        Some(code) => matches!(
            code,
            "BUSY" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "MISCONF" | "OOM" | "TRYAGAIN"
        ),
        None => true,
    };
    if passes { RightError::Unanswered(text) } else { RightError::Refused(text) }
}

/// What is wrong, and what to do.
pub fn of(fault: &RedisError) -> String {
    let known = match fault.kind() {
        ErrorKind::AuthenticationFailed => Some(UNKNOWN_USER),
        ErrorKind::Server(ServerErrorKind::NoPerm) => Some(NO_RIGHT),
        ErrorKind::Server(ServerErrorKind::ReadOnly) => Some(READ_ONLY),
        ErrorKind::Parse => Some(NOT_REDIS),
        _ if is_about_database(fault) => Some(NO_DATABASE),
        _ => match fault.code() {
            Some(code) => answered(code, fault.detail().unwrap_or_default()),
            None => connection(fault),
        },
    };
    known.map_or_else(|| format!("refuses ({}); look at its log", word(fault)), str::to_owned)
}

/// Whether the server refuses the number of the database. The client tells it in words alone.
fn is_about_database(fault: &RedisError) -> bool {
    let text = fault.to_string();
    text.contains("switch database") || text.contains("DB index")
}

/// What the server's word for its no means.
fn answered(code: &str, detail: &str) -> Option<&'static str> {
    match code {
        // A script that may not do what it does.
        "ERR" if detail.contains("ACL failure") || detail.contains("can't run this command") => {
            Some(NO_RIGHT)
        }
        "NOAUTH" | "WRONGPASS" => Some(UNKNOWN_USER),
        "NOPERM" => Some(NO_RIGHT),
        "READONLY" => Some(READ_ONLY),
        "WRONGTYPE" => Some(OTHERS),
        "OOM" => Some(FULL),
        "BUSY" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "MISCONF" => Some(LOADING),
        _ => None,
    }
}

/// What became of the connection. The client tells some of it in words alone.
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

/// Nothing came within the time of a start.
pub const SILENT: &str = "does not answer in time; check host, port and network, and write rediss:// if the port speaks \
     TLS, else redis://";
/// The client looks for a cluster's nodes until the time is over.
pub const NO_CLUSTER: &str = "does not answer as a cluster in time; leave cluster=true out if it \
     is a single server, else check host, port and network";
const NOT_REDIS: &str = "does not answer as a Redis does; correct the host and the port, or \
     write rediss:// if the port speaks TLS";
const NO_DATABASE: &str = "has no database of this number; correct the number behind the host and \
     the port, or leave it out";
const ABSENT: &str = "is not there: nothing listens at its address; start it, or correct the host \
     and the port";
const UNKNOWN_HOST: &str = "has an unknown host name; correct it, or check the name service";
const CUT_OFF: &str =
    "ends the connection at once; write rediss:// if the server expects TLS, or look at its log";
const NO_TLS: &str = "does not speak TLS at this port; name its TLS port, or write redis://";
const UNTRUSTED: &str =
    "shows a certificate that is not trusted; name its authority's file with ca=FILE";
const UNKNOWN_USER: &str = "does not accept the user or the password; correct them, and \
     percent-encode @ : / ? # % and blanks in them";
const NO_RIGHT: &str = "does not let its user do this; allow the user PING, INFO, TIME, DBSIZE, \
     HMGET, HGET, HSET, HDEL, PERSIST, PEXPIRE, ZADD, ZREM, ZRANGEBYSCORE, EVAL and EVALSHA on \
     keys that begin with its prefix";
const READ_ONLY: &str = "takes no writes at this address; name its master";
const OTHERS: &str =
    "holds another program's keys under this prefix; choose a prefix with prefix=NAME";
const FULL: &str = "is out of memory; raise maxmemory, with maxmemory-policy noeviction";
const LOADING: &str =
    "is still loading its data, or stopped taking writes; wait, or look at its log";
const NOT_THERE: &str = "has no socket at this path; start it, or correct the path";
const NO_SOCKET: &str = "has a socket that this user may not open; allow it";
