//! How long koohook waits for the product and the marketplace, and how long a platform waits for koohook.

use std::time::Duration;

/// How long a callback waits for the product if the seller sets no other limit (decision E2).
pub const FIRST_ATTEMPT: Duration = Duration::from_millis(2_500);
/// How long the relay waits for one answer from the product or the marketplace (decision E6).
pub const RELAY_ATTEMPT: Duration = Duration::from_secs(10);
/// How long Vercel lets the function `relay` run, as its package asks.
pub const VERCEL_RELAY: Duration = Duration::from_secs(60);
