//! A way to a server that can fall silent, lose what is said, or close.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes bytes between whoever connects and a server, until told otherwise.
pub struct Way {
    /// Where it begins.
    pub address: String,
    state: Arc<State>,
}

/// Connections are numbered as they come; those below a number are treated so.
#[derive(Default)]
struct State {
    server: Mutex<String>,
    connections: Mutex<Vec<TcpStream>>,
    requests_lost_below: AtomicUsize,
    replies_lost_below: AtomicUsize,
}

impl Way {
    /// A way to an address.
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State::default());
        let kept = Arc::clone(&state);
        // Ends with the process, like the threads of what it accepts.
        thread::spawn(move || {
            for accepted in listener.incoming().map_while(Result::ok) {
                connect(accepted, &kept);
            }
        });
        let way = Self { address, state };
        way.lead_to(server);
        way
    }

    /// Connections made from now on end at another address.
    pub fn lead_to(&self, server: &str) {
        server.clone_into(&mut self.state.server.lock().unwrap());
    }

    /// Everything passes, on connections made from now on.
    pub fn pass(&self) {
        self.state.replies_lost_below.store(self.made(), Ordering::SeqCst);
    }

    /// What is asked arrives, what is answered does not.
    pub fn withhold_replies(&self) {
        self.state.replies_lost_below.store(usize::MAX, Ordering::SeqCst);
    }

    /// The connections that stand are dead, and neither end is told.
    pub fn lose_connections(&self) {
        self.state.requests_lost_below.store(self.made(), Ordering::SeqCst);
        self.state.replies_lost_below.store(self.made(), Ordering::SeqCst);
    }

    /// The connections that stand are closed.
    pub fn close_connections(&self) {
        for connection in self.state.connections.lock().unwrap().iter() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn made(&self) -> usize {
        self.state.connections.lock().unwrap().len()
    }
}

fn connect(accepted: TcpStream, state: &Arc<State>) {
    let server = state.server.lock().unwrap().clone();
    let Ok(connected) = TcpStream::connect(server) else { return };
    let number = {
        let mut connections = state.connections.lock().unwrap();
        connections.push(accepted.try_clone().unwrap());
        connections.len() - 1
    };
    let ends = [(&accepted, &connected, true), (&connected, &accepted, false)];
    for (from, to, asks) in ends {
        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let state = Arc::clone(state);
        thread::spawn(move || {
            let lost_below =
                if asks { &state.requests_lost_below } else { &state.replies_lost_below };
            copy(from, to, || number < lost_below.load(Ordering::SeqCst));
        });
    }
}

/// Copies until an end closes, and then closes the other; what is lost is read and not written.
fn copy(mut from: TcpStream, mut to: TcpStream, lost: impl Fn() -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let passed = buffer.get(..read).filter(|_| !lost()).unwrap_or_default();
        if to.write_all(passed).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
