//! One connection through the fault proxy.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::State;
use super::treatment::{Side, Treatment, What};

/// One connection.
pub(super) struct ProxiedConnection {
    state: Arc<State>,
    number: usize,
    client: TcpStream,
    server: TcpStream,
    /// The side that sent last.
    last: Side,
    /// The current exchange, and the rest of its treatment.
    exchange: Option<usize>,
    treatment: Treatment,
    silent: Vec<Side>,
}

impl ProxiedConnection {
    /// A connection on which no byte has passed yet.
    pub(super) const fn new(
        state: Arc<State>,
        number: usize,
        client: TcpStream,
        server: TcpStream,
    ) -> Self {
        Self {
            state,
            number,
            client,
            server,
            last: Side::Reply,
            exchange: None,
            treatment: Treatment { slice: None, fault: None },
            silent: Vec::new(),
        }
    }

    /// Carries bytes until both ends have closed. Bytes that an end sent before it closed still
    /// arrive.
    pub(super) async fn carry(mut self) {
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

    /// Passes bytes, and applies a fault that is due.
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
                // The delay is the fault itself; no test waits for it to synchronize.
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

    /// Counts bytes, and returns how many bytes of that side of the exchange came before.
    fn note(&mut self, side: Side, len: usize) -> usize {
        let mut exchanges = self.state.exchanges.lock().unwrap();
        if (self.last, side) == (Side::Reply, Side::Request) {
            let (exchange, treatment) = exchanges.begin();
            (self.exchange, self.treatment) = (Some(exchange), treatment);
        }
        self.last = side;
        // Bytes that a server sends first belong to no exchange.
        self.exchange.map_or(0, |exchange| exchanges.count(exchange, side, len))
    }

    async fn write(&mut self, side: Side, bytes: &[u8]) -> io::Result<ControlFlow<()>> {
        let slice = self.treatment.slice.unwrap_or(usize::MAX).max(1);
        for slice in bytes.chunks(slice) {
            self.to(side).write_all(slice).await?;
            tokio::task::yield_now().await;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The stream that receives the bytes of a side.
    const fn to(&mut self, side: Side) -> &mut TcpStream {
        match side {
            Side::Request => &mut self.server,
            Side::Reply => &mut self.client,
        }
    }
}
