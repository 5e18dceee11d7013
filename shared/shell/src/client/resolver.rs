//! Resolves names to addresses. The connection goes to exactly the addresses that were checked. So
//! a name that resolves differently a moment later does no harm.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use thiserror::Error;
use tower_service::Service;

use crate::guard::Network;

/// The machine's own resolver. It accepts only addresses of one network.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    network: Option<Network>,
}

/// Why a name has no usable address.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(super) enum ResolveError {
    /// The name has no address, or the DNS does not answer.
    #[error("name not found")]
    NotFound,
    /// One of its addresses is outside the network.
    #[error("address not allowed")]
    Outside,
}

impl Resolver {
    /// Makes a resolver that allows the addresses of a network; without one, any address.
    pub const fn new(network: Option<Network>) -> Self {
        Self { network }
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ResolveError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let network = self.network;
        let found = GaiResolver::new().call(name);
        Box::pin(async move {
            let found = found.await.map_err(|_| ResolveError::NotFound)?;
            let addresses = allowed(network, found.collect())?;
            Ok(addresses.into_iter())
        })
    }
}

/// All addresses, if the network contains each. One outside is enough to fail: the client could
/// connect to it.
fn allowed(
    network: Option<Network>,
    addresses: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let is_outside =
        |address: &SocketAddr| network.is_some_and(|network| !network.contains(address.ip()));
    if addresses.is_empty() {
        Err(ResolveError::NotFound)
    } else if addresses.iter().any(is_outside) {
        Err(ResolveError::Outside)
    } else {
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_one_address_outside_the_network_is_rejected() {
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
        };
        let mixed = addresses(&["127.0.0.1", "10.0.0.1"]);
        assert_eq!(allowed(None, mixed.clone()), Ok(mixed.clone()));
        assert_eq!(allowed(Some(Network::Private), mixed.clone()), Ok(mixed.clone()));
        assert_eq!(allowed(Some(Network::Loopback), mixed), Err(ResolveError::Outside));
        let rebound = addresses(&["10.0.0.1", "203.0.113.1"]);
        assert_eq!(allowed(Some(Network::Private), rebound), Err(ResolveError::Outside));
        assert_eq!(allowed(None, Vec::new()), Err(ResolveError::NotFound));
    }
}
