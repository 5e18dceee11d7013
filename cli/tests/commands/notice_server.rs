//! A small HTTP server that receives notices, as a product does.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::Value;

/// Makes the whole HTTP answer to a notice from its `webhook-id` and its body.
type Answer = dyn Fn(String, Value) -> String + Send + Sync;

/// Listens on loopback, and answers every notice.
pub fn listen(answer: impl Fn(String, Value) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer: Arc<Answer> = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            thread::spawn(move || serve(stream, &*answer));
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: &Answer) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (id, body) = read(&mut reader)?;
        stream.write_all(answer(id, body).as_bytes()).ok()?;
    }
}

fn read(reader: &mut impl BufRead) -> Option<(String, Value)> {
    let (mut id, mut len) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|len| *len > 0)?;
        match line.trim().split_once(": ") {
            Some(("webhook-id", text)) => id = text.to_owned(),
            Some(("content-length", text)) => len = text.parse().ok()?,
            Some(_) => (),
            None if line.trim().is_empty() => break,
            None => (),
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some((id, serde_json::from_slice(&body).ok()?))
}
