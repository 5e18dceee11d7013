//! The plain HTTP host without koohook: the same server with the same settings and one thread. It
//! reads each body completely and gives a constant answer. This is the baseline of `receive`.

use std::error::Error;

mod hello_http;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(hello_http::listen())
}
