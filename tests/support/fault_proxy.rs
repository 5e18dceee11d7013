//! A way to a server on which all goes wrong that goes wrong on a network: bytes come late, in
//! slices, in part or not at all, and connections end in each of the ways they can.
//!
//! It knows no protocol. What a client says until the server answers, and that answer, are one
//! exchange, and a rule says how each exchange is treated.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::chance::Chance;
use crate::servers::{run, runtime};

/// Passes bytes between whoever connects and a server, as it is told to.
pub struct Way {
    /// Where it begins.
    pub address: String,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

/// How one exchange is treated; by itself, well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Treatment {
    /// How many bytes are passed at once at most, where that is limited.
    pub slice: Option<usize>,
    /// What goes wrong with it.
    pub fault: Option<Fault>,
}

/// What goes wrong with an exchange, and where.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// On which side.
    pub side: Side,
    /// After how many of that side's bytes: no more of them are passed before it.
    pub after: usize,
    /// What.
    pub what: What,
}

/// The halves of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// What a client says.
    Request,
    /// What the server says to it.
    Reply,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// Nothing passes for a while.
    Pause(Duration),
    /// Nothing passes on that side any more, and nobody is told.
    Silence,
    /// That side is over; the other one goes on.
    HalfClose,
    /// The connection is over, and both ends are told in order.
    Close,
    /// The connection never was: both ends are told RST.
    Reset,
}

/// How many bytes an exchange brought to the way, whatever became of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Exchange {
    /// What the client said.
    pub request: usize,
    /// What the server said to it.
    pub reply: usize,
}

/// Says how an exchange is treated, by its number since the rule was made.
type Rule = Box<dyn FnMut(usize) -> Treatment + Send>;

struct State {
    /// Where connections made from now on end.
    server: Mutex<String>,
    book: Mutex<Book>,
    connections: Mutex<Vec<JoinHandle<()>>>,
    made: AtomicUsize,
    /// Connections are numbered as they come; nothing passes on those below this.
    lost_below: AtomicUsize,
}

/// The exchanges so far, and how the next are treated.
struct Book {
    rule: Rule,
    seen: Vec<Exchange>,
    /// The first that the rule was made for.
    from: usize,
}

/// One connection.
struct Line {
    state: Arc<State>,
    number: usize,
    client: TcpStream,
    server: TcpStream,
    /// Who spoke last.
    last: Side,
    /// The exchange under way, and what is left of its treatment.
    exchange: Option<usize>,
    treatment: Treatment,
    silent: Vec<Side>,
}

impl Treatment {
    /// What chance does to an exchange: mostly nothing, now and then much.
    pub fn drawn(chance: &mut Chance) -> Self {
        let slice = chance.one_in(4).then(|| 1 + chance.place(40));
        let what = match chance.below(48) {
            0 => What::Silence,
            1..=10 => What::Reset,
            11..=20 => What::Close,
            21..=28 => What::HalfClose,
            _ => What::Pause(Duration::from_millis(chance.below(200))),
        };
        let side = *chance.pick(&[Side::Request, Side::Reply, Side::Reply]);
        let most = *chance.pick(&[2, 16, 1_200]);
        let after = chance.place(most);
        let fault = chance.one_in(3).then_some(Fault { side, after, what });
        Self { slice, fault }
    }
}

impl Fault {
    /// The treatment that this is all of.
    pub const fn alone(self) -> Treatment {
        Treatment { slice: None, fault: Some(self) }
    }
}

impl Exchange {
    /// How many bytes there are on a side.
    pub const fn on(&self, side: Side) -> usize {
        match side {
            Side::Request => self.request,
            Side::Reply => self.reply,
        }
    }
}

impl Way {
    /// A way to an address.
    pub fn to(server: &str) -> Self {
        let listener = run(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let book = Book { rule: Box::new(|_| Treatment::default()), seen: Vec::new(), from: 0 };
        let state = Arc::new(State {
            server: Mutex::new(server.to_owned()),
            book: Mutex::new(book),
            connections: Mutex::default(),
            made: AtomicUsize::new(0),
            lost_below: AtomicUsize::new(0),
        });
        let listening = runtime().spawn(listen(listener, Arc::clone(&state)));
        Self { address, state, listening }
    }

    /// A way to the server that a `KOOHOOK_STORE` names, and the setting that leads along it.
    pub fn before(setting: &str) -> (Self, String) {
        let (_, rest) = setting.split_once("://").expect("a store in a server");
        let server = rest.split(['?', '/']).next().unwrap_or_default();
        let way = Self::to(server);
        let along = setting.replace(server, &way.address);
        (way, along)
    }

    /// Connections made from now on end at another address.
    pub fn lead_to(&self, server: &str) {
        server.clone_into(&mut self.state.server.lock().unwrap());
    }

    /// Exchanges that begin from now on are treated by this rule, and counted anew.
    pub fn treat(&self, rule: impl FnMut(usize) -> Treatment + Send + 'static) {
        let mut book = self.state.book.lock().unwrap();
        book.rule = Box::new(rule);
        book.from = book.seen.len();
    }

    /// Everything passes, on connections that still live.
    pub fn pass(&self) {
        self.treat(|_| Treatment::default());
    }

    /// What is asked arrives, what is answered does not.
    pub fn withhold_replies(&self) {
        let fault = Fault { side: Side::Reply, after: 0, what: What::Silence };
        self.treat(move |_| fault.alone());
    }

    /// The exchanges since the rule was made.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let book = self.state.book.lock().unwrap();
        book.seen.get(book.from..).unwrap_or_default().to_vec()
    }

    /// The connections that stand are dead, and neither end is told.
    pub fn lose_connections(&self) {
        self.state.lost_below.store(self.state.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// The connections that stand are closed.
    pub fn close_connections(&self) {
        let standing = std::mem::take(&mut *self.state.connections.lock().unwrap());
        for connection in standing {
            connection.abort();
            // It ends in being aborted, or has ended already.
            let _ = run(connection);
        }
    }
}

impl Drop for Way {
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
        let line = Line {
            state: Arc::clone(&state),
            number: state.made.fetch_add(1, Ordering::SeqCst),
            client,
            server,
            last: Side::Reply,
            exchange: None,
            treatment: Treatment::default(),
            silent: Vec::new(),
        };
        state.connections.lock().unwrap().push(tokio::spawn(line.carry()));
    }
}

impl Line {
    /// Carries bytes until both ends have closed; what one said before it did still arrives.
    async fn carry(mut self) {
        let [mut asked, mut answered] = [(); 2].map(|()| vec![0; 16 * 1024]);
        let mut over = Vec::new();
        while over.len() < 2 {
            let [asks, answers] = [Side::Request, Side::Reply].map(|side| !over.contains(&side));
            let (side, read, buffer) = tokio::select! {
                read = self.client.read(&mut asked), if asks => (Side::Request, read, &asked),
                read = self.server.read(&mut answered), if answers => (Side::Reply, read, &answered),
            };
            let Ok(read) = read else { break };
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                over.push(side);
                let _ = self.to(side).shutdown().await;
            } else if !matches!(self.pass(side, bytes).await, Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
    }

    /// Passes bytes as far as they come, and lets go wrong what is due.
    async fn pass(&mut self, side: Side, bytes: &[u8]) -> io::Result<ControlFlow<()>> {
        let before = self.note(side, bytes.len());
        let is_lost = self.number < self.state.lost_below.load(Ordering::SeqCst);
        if is_lost || self.silent.contains(&side) {
            return Ok(ControlFlow::Continue(()));
        }
        let due = self.treatment.fault.filter(|fault| fault.side == side);
        let Some(fault) = due.filter(|fault| fault.after <= before + bytes.len()) else {
            return self.write(side, bytes).await;
        };
        self.treatment.fault = None;
        let (first, rest) = bytes.split_at(fault.after.saturating_sub(before));
        let _ = self.write(side, first).await?;
        match fault.what {
            What::Pause(span) => {
                // Lateness is the fault itself here, not something that a test waits for.
                tokio::time::sleep(span).await;
                return self.write(side, rest).await;
            }
            What::Silence => self.silent.push(side),
            What::HalfClose => {
                self.silent.push(side);
                self.to(side).shutdown().await?;
            }
            What::Close => return Ok(ControlFlow::Break(())),
            What::Reset => {
                self.client.set_zero_linger()?;
                self.server.set_zero_linger()?;
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Writes bytes down; how many of that side of the exchange came before them.
    fn note(&mut self, side: Side, len: usize) -> usize {
        let mut book = self.state.book.lock().unwrap();
        let book = &mut *book;
        if (self.last, side) == (Side::Reply, Side::Request) {
            self.exchange = Some(book.seen.len());
            self.treatment = (book.rule)(book.seen.len() - book.from);
            book.seen.push(Exchange::default());
        }
        self.last = side;
        // A server that speaks first speaks outside every exchange.
        let seen = self.exchange.and_then(|exchange| book.seen.get_mut(exchange));
        let Some(seen) = seen else { return 0 };
        let seen = match side {
            Side::Request => &mut seen.request,
            Side::Reply => &mut seen.reply,
        };
        *seen += len;
        *seen - len
    }

    async fn write(&mut self, side: Side, bytes: &[u8]) -> io::Result<ControlFlow<()>> {
        let slice = self.treatment.slice.unwrap_or(usize::MAX).max(1);
        for slice in bytes.chunks(slice) {
            self.to(side).write_all(slice).await?;
            tokio::task::yield_now().await;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Who is told what a side says.
    const fn to(&mut self, side: Side) -> &mut TcpStream {
        match side {
            Side::Request => &mut self.server,
            Side::Reply => &mut self.client,
        }
    }
}
