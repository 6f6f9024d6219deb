//! Servers made of a socket and a script, which can misbehave at will.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use url::Url;

/// A listener on loopback that runs a script for each connection, in a thread.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// A server whose script sees each connection.
    pub(crate) fn raw(script: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let script = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let script = Arc::clone(&script);
                std::thread::spawn(move || script(stream.unwrap()));
            }
        });
        Self {
            address,
            connections,
            requests: Arc::default(),
        }
    }

    /// A server that reads a request whole, notes it, and writes what the script says.
    pub(crate) fn http(
        script: impl Fn(&str, &mut dyn Conversation) + Send + Sync + 'static,
    ) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&requests);
        let peer = Self::raw(move |mut stream| {
            let request = read_request(&mut stream);
            noted.lock().unwrap().push(request.clone());
            script(&request, &mut stream);
        });
        Self { requests, ..peer }
    }

    /// A server that always answers so.
    pub(crate) fn answering(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::http(move |_, stream| stream.say(&answer))
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Both ways of a connection, plain or TLS.
pub(crate) trait Conversation: Read + Write {
    /// Writes; the other side may be gone.
    fn say(&mut self, text: &str) {
        if self.write_all(text.as_bytes()).is_ok() {
            self.flush().ok();
        }
    }
}

impl<S: Read + Write> Conversation for S {}

/// Reads head and body of one request.
pub(crate) fn read_request(stream: &mut (impl Read + ?Sized)) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return text,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
}

/// A header's value in the text of a request or answer.
pub(crate) fn header(message: &str, name: &str) -> Option<String> {
    message
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
}
