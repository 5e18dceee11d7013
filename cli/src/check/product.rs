//! Checks the product with a signed `test.ping`.

use protocol::time::UnixMillis;
use shell::context::Product;
use shell::delivery::ping;
use shell::host::MachineWorld;
use shell::store::AnyStore;

use crate::findings::Finding;

/// Pings the product. Also returns the time that the product's answer shows.
pub async fn check(
    world: MachineWorld<AnyStore>,
    product: Option<&Product>,
) -> (Finding, Option<UnixMillis>) {
    let Some(product) = product else { return (Finding::ok(NOT_SET), None) };
    let answer = ping(&world.guarded(&product.guard), product).await;
    let finding = match answer.outcome {
        Err(text) => Finding::failed(text),
        Ok(()) if product.is_told_in_clear() => Finding::warn(IN_CLEAR),
        Ok(()) => Finding::ok("the product accepts test.ping"),
    };
    (finding, answer.date)
}

const NOT_SET: &str = "KOOHOOK_PRODUCT_URL is not set: koohook keeps notices and sends none";
const IN_CLEAR: &str =
    "the product accepts test.ping, but over http: credentials cross that network unencrypted";
