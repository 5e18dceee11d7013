//! Checks the product with a signed `test.ping`.

use domain::webhook::WebhookSecrets;
use protocol::time::UnixMillis;
use shell::context::Product;
use shell::delivery::ping;
use shell::host::MachineWorld;
use shell::store::AnyStore;
use shell::world::World;

use crate::findings::Finding;

/// Pings the product. Also returns the time that the product's answer shows.
pub async fn check(
    world: MachineWorld<AnyStore>,
    product: Option<&Product>,
) -> (Finding, Option<UnixMillis>) {
    let Some(product) = product else { return (Finding::off(NOT_SET), None) };
    let world = world.guarded(&product.guard);
    let answer = ping(&world, product).await;
    let finding = match answer.outcome {
        Err(text) => Finding::failed(text),
        Ok(()) if accepts_forgery(&world, product).await => Finding::warn(FORGED),
        Ok(()) if product.is_told_in_clear() => Finding::warn(IN_CLEAR),
        Ok(()) => Finding::ok("the product accepts test.ping"),
    };
    (finding, answer.date)
}

/// Whether the product accepts a `test.ping` that another secret signed.
async fn accepts_forgery<W: World>(world: &W, product: &Product) -> bool {
    let Ok(secrets) = WebhookSecrets::parse(OTHER_SECRET) else { return false };
    let forger = Product { secrets, ..product.clone() };
    ping(world, &forger).await.outcome.is_ok()
}

/// A public secret: 32 zeros.
const OTHER_SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const FORGED: &str =
    "the product accepts a message with a wrong signature; verify first (docs/product.md)";
const NOT_SET: &str = "KOOHOOK_PRODUCT_URL is not set: koohook keeps notices and sends none";
const IN_CLEAR: &str =
    "the product accepts test.ping, but over http: credentials cross that network unencrypted";
