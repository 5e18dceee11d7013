//! A running koohook with a product, for commands that look into its store.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;

use crate::{Finished, Folder};

const KEY: &str = "constructed-base-key-0001";
const KIT_KEY: &str = "constructed-kit-key-0001";
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A product. The order in a notice decides its answer.
fn product() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(answer(stream))));
    address
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body);
    let ready = r#"{"appInfo":{"frontEndUrl":"https://canary.example","userName":"canary-user","password":"canary-pass"}}"#;
    let (status, text) = match () {
        () if body.contains("CS-READY") => (200, ready),
        () if body.contains("CS-FAILS") => (500, "canary of an answer"),
        () if body.contains("instance.created") => (202, ""),
        () => (204, ""),
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(format!("{head}{text}").as_bytes())
}

/// A running `koohook dev` over the folder's store.
pub struct DevServer {
    child: Child,
    address: String,
}

impl DevServer {
    /// Starts it.
    pub fn start(folder: &Folder) -> Self {
        let mut command = folder.command(&["dev"]);
        command.env("KOOHOOK_LISTEN", "127.0.0.1:0").env("KOOHOOK_BASE_KEY", KEY);
        command.env("KOOHOOK_KIT_KEY", KIT_KEY).env("KOOHOOK_PRODUCT_SECRET", SECRET);
        command.env("KOOHOOK_PRODUCT_URL", format!("http://{}/hook", product()));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut address = String::new();
        for line in lines.by_ref() {
            if let Some(rest) = line.strip_prefix("export KOOHOOK_ADDRESS=") {
                rest.trim_matches('\'').clone_into(&mut address);
            }
            if line.contains(r#""message":"listening""#) {
                break;
            }
        }
        // The log must be read to its end; otherwise koohook waits when the pipe is full.
        thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Sends a call; the words are separated by spaces. The server must answer with the code.
    pub fn send(&self, folder: &Folder, arguments: &str, code: &str) {
        let words: Vec<&str> = ["send"].into_iter().chain(arguments.split(' ')).collect();
        let mut command = folder.command(&words);
        command.env("KOOHOOK_ADDRESS", &self.address).env("KOOHOOK_BASE_KEY", KEY);
        let done = Finished::of(command.env("KOOHOOK_KIT_KEY", KIT_KEY).output().unwrap());
        let answer = serde_json::from_str::<serde_json::Value>(&done.out);
        let answered = answer.ok().map(|answer| answer["resultCode"].clone());
        assert_eq!(answered, Some(code.into()), "{arguments}: {}{}", done.out, done.aside);
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
