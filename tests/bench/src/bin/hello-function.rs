//! The smallest function for AWS Lambda: `lambda_http` and a constant. This is the baseline for the
//! start of a function.

use lambda_http::{Body, Error, Request, Response, service_fn};

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda_http::run(service_fn(async |_: Request| {
        Ok::<_, Error>(Response::new(Body::from("hello")))
    })))
}
