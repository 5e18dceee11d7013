//! Connections that break before the next bytes are written. An endpoint always answers, so that only
//! its connection can lose the answer.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use shell::host::http::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Breaks the connection that writes next.
#[derive(Debug, Default)]
pub(super) struct BreakSwitch(AtomicBool);

/// Accepts connections that can break.
pub struct BreakableListener {
    pub(super) listener: TcpListener,
    pub(super) switch: Arc<BreakSwitch>,
}

/// A connection that can break.
pub struct BreakableStream {
    stream: TcpStream,
    switch: Arc<BreakSwitch>,
}

impl BreakSwitch {
    /// Breaks the connection that writes next.
    pub fn break_next_write(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.swap(false, Ordering::SeqCst) {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        }
    }
}

impl Listener for BreakableListener {
    type Stream = BreakableStream;

    async fn accept(&mut self) -> io::Result<BreakableStream> {
        let (stream, _) = self.listener.accept().await?;
        Ok(BreakableStream { stream, switch: Arc::clone(&self.switch) })
    }

    fn peer(stream: &BreakableStream) -> Option<IpAddr> {
        stream.stream.peer_addr().ok().map(|address| address.ip())
    }
}

impl AsyncRead for BreakableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for BreakableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.switch.check() {
            Ok(()) => Pin::new(&mut self.stream).poll_write(context, bytes),
            Err(fault) => Poll::Ready(Err(fault)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
