//! A token endpoint on loopback that answers after a fixed time and counts. Plain threads: it is never the bottleneck.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::failure::{Doing, Failure};

pub(super) struct TokenEndpoint {
    pub(super) url: String,
    requests: Arc<AtomicU32>,
}

impl TokenEndpoint {
    /// Starts it; it answers until the process ends.
    pub(super) fn start(delay: Duration) -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).doing("listen on loopback")?;
        let address = listener.local_addr().doing("listen on loopback")?;
        let requests = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || {
                    if let Err(error) = answer(connection, delay, &counter) {
                        println!("token endpoint: {error}");
                    }
                });
            }
        });
        Ok(Self {
            url: format!("http://{address}/token"),
            requests,
        })
    }

    /// How many token requests came so far.
    pub(super) fn requests(&self) -> u32 {
        self.requests.load(Ordering::SeqCst)
    }
}

fn answer(connection: TcpStream, delay: Duration, requests: &AtomicU32) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut length = 0;
    let mut first = String::new();
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if first.is_empty() {
        // A connection that was opened and not used.
        return Ok(());
    }
    let number = requests.fetch_add(1, Ordering::SeqCst) + 1;
    std::thread::sleep(delay);
    let body = format!(
        r#"{{"access_token":"fresh-{number}","refresh_token":"next-{number}","token_type":"Bearer","expires_in":3600}}"#
    );
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\nconnection: close\r\n";
    write!(
        reader.get_mut(),
        "{head}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
