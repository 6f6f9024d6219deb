//! A server under measurement, ended with its value.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::home::Home;
use crate::failure::{Doing, Failure};

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Server {
    child: Child,
    /// Address of HTTP.
    pub(super) http: String,
    /// Milliseconds from the start to the first answer.
    pub(super) started: f64,
}

impl Server {
    /// `oarlock serve` with this configuration.
    pub(super) fn ours(home: &Home, config: &str) -> Result<Self, Failure> {
        let http = free_address()?;
        let config = home.write("server.toml", config)?;
        let mut command = home.oarlock();
        command
            .args(["serve", "--listen", &http, "--config"])
            .arg(config)
            .stdout(Stdio::null());
        Self::start(command, http)
    }

    /// A program that prints its address.
    pub(super) fn floor(mut command: Command) -> Result<Self, Failure> {
        command.stdout(Stdio::piped());
        Self::start(command, String::new())
    }

    /// A program that listens on this address; without one it prints where.
    pub(super) fn start(mut command: Command, http: String) -> Result<Self, Failure> {
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        let child = command.spawn().doing("start a server")?;
        let mut server = Self {
            child,
            http,
            started: 0.0,
        };
        if let Some(output) = server.child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut server.http)
                .doing("read a server's address")?;
            server.http = server.http.trim().to_owned();
        }
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

    /// Seconds on a processor so far.
    pub(super) fn busy(&self) -> Result<f64, Failure> {
        let line = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))
            .doing("read a process's times")?;
        busy_in(&line)
            .ok_or_else(|| Failure::new("the kernel does not say how long a process was busy"))
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

/// An address of loopback where nobody listens now.
pub(super) fn free_address() -> Result<String, Failure> {
    let free = TcpListener::bind("127.0.0.1:0").doing("find a free port")?;
    Ok(free.local_addr().doing("find a free port")?.to_string())
}

/// `utime` and `stime` of `/proc/PID/stat`: fields 14 and 15, in hundredths of a second. The name before them may have spaces.
fn busy_in(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_whatever_the_name() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0";
        assert_eq!(busy_in(stat), Some(2.0));
        assert_eq!(busy_in("7 (a) S"), None);
    }
}
