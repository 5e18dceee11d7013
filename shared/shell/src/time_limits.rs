//! How long koohook waits for the product and the marketplace.

use std::time::Duration;

/// How long a callback waits for the product if the seller sets no other limit (decision E2).
pub const FIRST_ATTEMPT: Duration = Duration::from_millis(2_500);
/// How long the relay waits for one answer from the product or the marketplace (decision E6).
pub const RELAY_ATTEMPT: Duration = Duration::from_secs(10);
