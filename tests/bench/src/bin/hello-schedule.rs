//! The smallest function with a schedule for AWS Lambda: `lambda_runtime` and a constant. This is the
//! baseline for the start of the relay.

use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use serde::de::IgnoredAny;

fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda_runtime::run(service_fn(async |_: LambdaEvent<IgnoredAny>| {
        Ok::<_, lambda_runtime::Error>("hello")
    })))
}
