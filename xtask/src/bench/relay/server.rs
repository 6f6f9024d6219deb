//! A server under measurement, ended with its value.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::home::Home;
use crate::failure::{Doing, Failure};

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Server {
    child: Child,
    /// Address of HTTP.
    pub(super) http: String,
    /// Path of the Unix socket.
    pub(super) socket: String,
    /// Milliseconds from the start to the first answer.
    pub(super) started: f64,
}

impl Server {
    /// `oarlock serve` with these lines in `[relay]`.
    pub(super) fn ours(home: &Home, settings: &str) -> Result<Self, Failure> {
        let free = TcpListener::bind("127.0.0.1:0").doing("find a free port")?;
        let http = free.local_addr().doing("find a free port")?.to_string();
        drop(free);
        let config = home.write("server.toml", &format!("[relay]\n{settings}"))?;
        let mut command = home.oarlock();
        command
            .args(["serve", "--listen", &http, "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let began = Instant::now();
        let child = command.spawn().doing("start oarlock serve")?;
        let socket = home.folder().join("run/relay.sock");
        let mut server = Self {
            child,
            http,
            socket: socket.display().to_string(),
            started: 0.0,
        };
        server.wait(began)?;
        Ok(server)
    }

    pub(super) fn floor(program: &Path, folder: &Path) -> Result<Self, Failure> {
        let socket = folder.join("floor.sock");
        if socket.exists() {
            std::fs::remove_file(&socket).doing("remove the floor's socket")?;
        }
        let began = Instant::now();
        let mut child = Command::new(program)
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .doing("start the floor")?;
        let output = child.stdout.take();
        let mut server = Self {
            child,
            http: String::new(),
            socket: socket.display().to_string(),
            started: 0.0,
        };
        let output = output.ok_or_else(|| Failure::new("the floor has no output"))?;
        BufReader::new(output)
            .read_line(&mut server.http)
            .doing("read the floor's address")?;
        server.http = server.http.trim().to_owned();
        server.wait(began)?;
        Ok(server)
    }

    /// Resident kilobytes.
    pub(super) fn resident(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .doing("read a process's status")?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|size| size.trim().strip_suffix("kB")?.trim().parse().ok())
            .ok_or_else(|| Failure::new("the kernel does not say how much memory is used"))
    }

    fn wait(&mut self, began: Instant) -> Result<(), Failure> {
        while began.elapsed() < PATIENCE {
            if self.answers() {
                self.started = began.elapsed().as_secs_f64() * 1000.0;
                return Ok(());
            }
            if let Some(status) = self.child.try_wait().doing("look at the server")? {
                return Err(Failure::new(format!("the server ended with {status}")));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Err(Failure::new("the server did not answer within 10 s"))
    }

    /// Whether HTTP is answered at all.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.http) else {
            return false;
        };
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let mut answer = [0; 9];
        stream.write_all(request).is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && answer == *b"HTTP/1.1 "
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is no matter here.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
