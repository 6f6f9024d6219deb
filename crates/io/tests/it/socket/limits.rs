//! Too many connections.

use super::{Companion, answer_each, block_on};
use crate::{child, home};
use oarlock_io::socket::{Directory, Listener};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{
    ffi::OsStr,
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

/// A child of these tests: keeps every connection that says nothing, and answers every byte.
pub(crate) fn accept_with_few_descriptors(path: &str) {
    block_on(async {
        let tcp = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let unix = Listener::unix(Path::new(path), Directory::Private).unwrap();
        let address = tcp.address();
        let few = Rlimit {
            current: Some(30),
            maximum: Some(30),
        };
        setrlimit(Resource::Nofile, few).unwrap();
        let told = tokio::task::spawn_blocking(move || answer_each(|_| address.clone()));
        tokio::select! {
            () = answer_bytes(unix) => {}
            () = answer_bytes(tcp) => {}
            told = told => told.unwrap(),
        }
    });
}

async fn answer_bytes(listener: Listener) {
    loop {
        let (stream, _) = listener.accept().await;
        tokio::spawn(async move {
            while stream.readable().await.is_ok() {
                match stream.try_read(&mut [0; 1]) {
                    Ok(1) => stream.write_all(b"!").await.unwrap(),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    _ => break,
                }
            }
        });
    }
}

/// Processor time a process has used, in clock ticks.
fn ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .count()
}

fn echo(stream: &mut (impl std::io::Read + std::io::Write)) {
    stream.write_all(b"?").unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"!");
}

#[test]
fn hostile_37_out_of_descriptors_it_neither_spins_nor_stays_so() {
    let home = home();
    let path = home.path().join("relay.sock");
    let arguments = [("TARGET", OsStr::new(&path))];
    let mut relay = Companion::start(child::command("accept with few descriptors", &arguments));
    let address = relay.ask("address");
    let mut first = UnixStream::connect(&path).unwrap();
    echo(&mut first);
    let hoard: Vec<_> = (0..40)
        .map(|_| {
            let unix = UnixStream::connect(&path).unwrap();
            (unix, TcpStream::connect(&address).unwrap())
        })
        .collect();
    while descriptors(relay.id()) < 30 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let before = ticks(relay.id());
    std::thread::sleep(Duration::from_secs(2));
    // 200 ticks would be one processor, spinning.
    let spent = ticks(relay.id()) - before;
    assert!(spent < 50, "it spins: {spent} ticks in 2 s");
    echo(&mut first);
    drop(hoard);
    let start = Instant::now();
    echo(&mut UnixStream::connect(&path).unwrap());
    echo(&mut TcpStream::connect(&address).unwrap());
    assert!(start.elapsed() < Duration::from_secs(30), "it recovers");
}
