//! Where a request comes from: the ID of the request, the caller's address, and the process that answers
//! (decision I1).

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::call_origin::{CallOrigin, ServingProcess};

/// The name of this process's program.
static FUNCTION: OnceLock<&str> = OnceLock::new();

/// Sets the name that the log lines of this process have as `function`. Without it the name is
/// `koohook`.
pub(super) fn name_function(name: &'static str) {
    // Only the first name counts: a process has one program.
    let _ = FUNCTION.set(name);
}

/// This process, which has not answered a call yet.
pub fn serving_process() -> Arc<ServingProcess> {
    let start = Instant::now();
    let function = FUNCTION.get().copied().unwrap_or("koohook");
    Arc::new(ServingProcess::new(function, move || start.elapsed()))
}

/// The origin with this request ID. Without one it gets a random ID.
pub(super) fn origin(
    process: &Arc<ServingProcess>,
    id: Option<&str>,
    address: Option<IpAddr>,
) -> CallOrigin {
    let request_id = id.filter(|id| is_request_id(id)).map(str::to_owned).or_else(random_id);
    let address = address.map(|address| address.to_canonical());
    CallOrigin { request_id, address, process: Arc::clone(process) }
}

/// Whether a text may stand in the log as the ID of a request.
pub(super) fn is_request_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=MAX_ID_LEN).contains(&text.len()) && text.bytes().all(fits)
}

/// A random ID; `None` if the machine has no randomness.
fn random_id() -> Option<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).ok()?;
    let mut id = String::with_capacity(32);
    write!(id, "{:032x}", u128::from_be_bytes(bytes)).ok()?;
    Some(id)
}

/// The longest request ID.
const MAX_ID_LEN: usize = 128;
