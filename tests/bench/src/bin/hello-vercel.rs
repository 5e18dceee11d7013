//! The smallest function for Vercel: `vercel_runtime` and a constant. This is the baseline for the start
//! of a function.

use vercel_runtime::{Error, Request, Response, ResponseBody, service_fn};

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(vercel_runtime::run(service_fn(async |_: Request| {
        Ok::<_, Error>(Response::new(ResponseBody::from("hello")))
    })))
}
