//! Limits how many bytes of unverified bodies a host keeps in memory (decision G6).

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

/// The bytes of one body. They count until this is dropped: when the call is verified or answered.
#[derive(Debug)]
pub struct UnverifiedBody {
    bodies: Arc<Bodies>,
    interface: Interface,
    len: usize,
}

impl Bodies {
    /// Starts to count a body that has not begun to arrive.
    pub fn begin(self: Arc<Self>, interface: Interface) -> UnverifiedBody {
        UnverifiedBody { bodies: self, interface, len: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, Bytes> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnverifiedBody {
    /// Counts bytes that arrived. Returns `false` if the host must not keep them.
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

/// The limit for all bodies, and the limit for kit bodies. The rest is reserved for the small
/// bodies of purchases.
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
    fn a_byte_counts_when_it_arrives() {
        let bodies = Arc::new(Bodies::default());
        let mut first = Arc::clone(&bodies).begin(Interface::Kit);
        assert!(first.grow(MAX_KIT_BYTES - 1));
        let mut second = Arc::clone(&bodies).begin(Interface::Kit);
        assert!(second.grow(1));
        // A byte that does not fit is not counted; the earlier bytes still count.
        assert!(!second.grow(1));
        drop(first);
        assert_eq!(*bodies.lock(), Bytes { base: 0, kit: 1 });
        assert!(second.grow(MAX_KIT_BYTES - 1));
    }
}
