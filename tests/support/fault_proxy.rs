//! A proxy before a server that simulates network faults: bytes arrive late, in slices, in part or
//! not at all, and connections end in each possible way.
//!
//! The proxy parses no protocol. The bytes that a client sends until the server answers, and that
//! answer, are one exchange. A rule sets how the proxy treats each exchange.

mod connection;
mod exchanges;
mod treatment;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use self::connection::ProxiedConnection;
pub use self::exchanges::Exchange;
use self::exchanges::Exchanges;
pub use self::treatment::{Fault, Side, Treatment, What};
use crate::servers::{run, runtime};

/// Passes bytes between its clients and a server, as its rule sets.
pub struct FaultProxy {
    /// The address at which it listens.
    pub address: String,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

struct State {
    /// The server's address for new connections.
    server: Mutex<String>,
    exchanges: Mutex<Exchanges>,
    connections: Mutex<Vec<JoinHandle<()>>>,
    made: AtomicUsize,
    /// Connections are numbered in order. The proxy passes no byte on connections below this
    /// number.
    lost_below: AtomicUsize,
}

impl FaultProxy {
    /// A proxy before an address.
    pub fn to(server: &str) -> Self {
        let listener = run(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State {
            server: Mutex::new(server.to_owned()),
            exchanges: Mutex::new(Exchanges::new()),
            connections: Mutex::default(),
            made: AtomicUsize::new(0),
            lost_below: AtomicUsize::new(0),
        });
        let listening = runtime().spawn(listen(listener, Arc::clone(&state)));
        Self { address, state, listening }
    }

    /// A proxy before the server that a `KOOHOOK_STORE` names, and the `KOOHOOK_STORE` that names
    /// the proxy.
    pub fn before(setting: &str) -> (Self, String) {
        let (_, rest) = setting.split_once("://").expect("a store in a server");
        let server = rest.split(['?', '/']).next().unwrap_or_default();
        let proxy = Self::to(server);
        let through = setting.replace(server, &proxy.address);
        (proxy, through)
    }

    /// Sends new connections to another address.
    pub fn redirect_to(&self, server: &str) {
        server.clone_into(&mut self.state.server.lock().unwrap());
    }

    /// Treats exchanges that begin from now on by this rule, and counts them from 0 again.
    pub fn treat(&self, rule: impl FnMut(usize) -> Treatment + Send + 'static) {
        self.state.exchanges.lock().unwrap().treat(Box::new(rule));
    }

    /// Passes every byte, on connections that are not lost.
    pub fn pass(&self) {
        self.treat(|_| Treatment::default());
    }

    /// Passes requests, and withholds replies.
    pub fn withhold_replies(&self) {
        let fault = Fault { side: Side::Reply, after: 0, what: What::Silence };
        self.treat(move |_| fault.as_treatment());
    }

    /// The exchanges since the rule was set.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state.exchanges.lock().unwrap().since_rule()
    }

    /// Stops passing bytes on the open connections. They stay open at both ends.
    pub fn lose_connections(&self) {
        self.state.lost_below.store(self.state.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Closes the open connections.
    pub fn close_connections(&self) {
        let open = std::mem::take(&mut *self.state.connections.lock().unwrap());
        for connection in open {
            connection.abort();
            // The result is ignored: the task was aborted, or had already ended.
            let _ = run(connection);
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.state.connections.lock().unwrap().iter().for_each(JoinHandle::abort);
    }
}

async fn listen(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = state.server.lock().unwrap().clone();
        let Ok(server) = TcpStream::connect(&server).await else { continue };
        for end in [&client, &server] {
            end.set_nodelay(true).unwrap();
        }
        let number = state.made.fetch_add(1, Ordering::SeqCst);
        let connection = ProxiedConnection::new(Arc::clone(&state), number, client, server);
        state.connections.lock().unwrap().push(tokio::spawn(connection.carry()));
    }
}
