//! The names of headers with the server's capitals.
//!
//! The marketplace's check of `Body-Sign` compares capitals (V1 guide, frequently asked questions), and
//! [`http::HeaderMap`] loses them. So every connection records the first bytes that it reads. One thread
//! sends a request and reads its answer, so each thread has its own record.

use std::cell::RefCell;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

thread_local! {
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The last part of a chain of connectors: its transport records what it reads.
#[derive(Debug)]
pub struct RecordingConnector;

/// A transport that records its input.
#[derive(Debug)]
pub struct RecordingTransport<T>(T);

impl<T: Transport> Connector<T> for RecordingConnector {
    type Out = RecordingTransport<T>;

    fn connect(
        &self,
        _: &ConnectionDetails,
        chained: Option<T>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(RecordingTransport))
    }
}

impl<T: Transport> Transport for RecordingTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let before = self.0.buffers().input().len();
        let is_more = self.0.await_input(timeout)?;
        let input = self.0.buffers().input();
        HEAD.with_borrow_mut(|head| {
            let room = MOST.saturating_sub(head.len());
            head.extend(input.iter().skip(before).take(room));
        });
        Ok(is_more)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

/// Empties the record before a request.
pub fn forget() {
    HEAD.with_borrow_mut(Vec::clear);
}

/// The name of a header as the server wrote it.
pub fn of(name: &str) -> Option<String> {
    HEAD.with_borrow(|head| {
        let head = String::from_utf8_lossy(head);
        let mut names = head.lines().skip(1).map_while(|line| line.split_once(':'));
        let found = names.find(|(written, _)| written.eq_ignore_ascii_case(name));
        found.map(|(written, _)| written.to_owned())
    })
}

/// Whether the record begins as TLS does: with an alert or a handshake.
pub fn is_tls() -> bool {
    HEAD.with_borrow(|head| matches!(head.as_slice(), [0x15 | 0x16, 0x03, ..]))
}

/// More bytes than the longest header that the client reads.
const MOST: usize = 128 << 10;
