//! How many bytes of unverified bodies a host holds at once (decision G6).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::signature::Interface;

/// The bytes of all bodies whose calls are not verified yet.
#[derive(Debug, Default)]
pub struct Bodies {
    held: Mutex<Bytes>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Bytes {
    base: usize,
    kit: usize,
}

/// One body's bytes. They count until this is dropped: the call was verified, or answered.
#[derive(Debug)]
pub struct UnverifiedBody {
    bodies: Arc<Bodies>,
    interface: Interface,
    len: usize,
}

impl Bodies {
    /// A body of which nothing arrived yet.
    pub fn begin(self: Arc<Self>, interface: Interface) -> UnverifiedBody {
        UnverifiedBody { bodies: self, interface, len: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, Bytes> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnverifiedBody {
    /// Counts bytes that arrived; `false` if they are too many to be held.
    #[must_use]
    pub fn grow(&mut self, len: usize) -> bool {
        let mut held = self.bodies.lock();
        let (base, kit) = match self.interface {
            Interface::Base => (held.base + len, held.kit),
            Interface::Kit => (held.base, held.kit + len),
        };
        let fits = base + kit <= MAX_BYTES && kit <= MAX_KIT_BYTES;
        if fits {
            *held = Bytes { base, kit };
            self.len += len;
        }
        fits
    }
}

impl Drop for UnverifiedBody {
    fn drop(&mut self) {
        let mut held = self.bodies.lock();
        let part = match self.interface {
            Interface::Base => &mut held.base,
            Interface::Kit => &mut held.kit,
        };
        *part = part.saturating_sub(self.len);
    }
}

/// How many bytes may be held, and how many of them by kit bodies. What is left is kept for the
/// small bodies of purchases.
const MAX_BYTES: usize = 64 * 1024 * 1024;
const MAX_KIT_BYTES: usize = 48 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bodies: &Arc<Bodies>, interface: Interface, len: usize) -> Option<UnverifiedBody> {
        let mut body = Arc::clone(bodies).begin(interface);
        body.grow(len).then_some(body)
    }

    #[test]
    fn kit_bodies_leave_room_for_purchases() {
        let bodies = Arc::new(Bodies::default());
        let kit = body(&bodies, Interface::Kit, MAX_KIT_BYTES).unwrap();
        assert!(body(&bodies, Interface::Kit, 1).is_none());
        let base = body(&bodies, Interface::Base, MAX_BYTES - MAX_KIT_BYTES).unwrap();
        assert!(body(&bodies, Interface::Base, 1).is_none());
        drop(kit);
        assert!(body(&bodies, Interface::Base, MAX_KIT_BYTES).is_some());
        drop(base);
        assert_eq!(*bodies.lock(), Bytes::default());
    }

    #[test]
    fn bytes_count_as_they_arrive() {
        let bodies = Arc::new(Bodies::default());
        let mut first = Arc::clone(&bodies).begin(Interface::Kit);
        assert!(first.grow(MAX_KIT_BYTES - 1));
        let mut second = Arc::clone(&bodies).begin(Interface::Kit);
        assert!(second.grow(1));
        // What does not fit is not counted: the bytes before it stay.
        assert!(!second.grow(1));
        drop(first);
        assert_eq!(*bodies.lock(), Bytes { base: 0, kit: 1 });
        assert!(second.grow(MAX_KIT_BYTES - 1));
    }
}
