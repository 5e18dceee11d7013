//! The point at which a future of the simulated world may be interrupted.

use std::future::poll_fn;
use std::mem::replace;
use std::task::Poll;

/// Lets every other future run first.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
