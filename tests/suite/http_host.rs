//! The plain HTTP host: how long it waits, how much it holds, and how it stops (decision G6). Over
//! streams in memory and under a clock that moves only where nothing else can happen.

mod fixture;
mod limits;
mod requests;
mod stop;
mod time;

use std::time::Duration;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
