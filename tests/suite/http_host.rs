//! The plain HTTP host: its time limits, its size limits, and its stop (decision G6). The streams
//! are in memory. The test clock advances only when every task waits.

mod fixture;
mod limits;
mod lines;
mod requests;
mod stop;
mod time;

use std::time::Duration;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
