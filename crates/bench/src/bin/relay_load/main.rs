//! The generator of the relay's benchmarks: programs that wait and browsers that come, parametrised by address.
//!
//! ```text
//! relay_load latency   TARGET COUNT          one delivery at a time, and in turns a callback that nobody waits for
//! relay_load deliver   TARGET WAITERS ROUNDS  64 browsers at once, WAITERS registered
//! relay_load miss      TARGET MILLISECONDS    64 connections, callbacks that nobody waits for
//! relay_load cycle     TARGET COUNT           the callback at once after REGISTER, 16 at once
//! relay_load park      TARGET WAITERS         registers, says "parked", stays until its input ends, delivers to some
//! relay_load ping-pong COUNT                  a line there and a line back over a Unix socket
//! ```
//!
//! TARGET is `KIND HTTP SOCKET`; KIND is `1` or `2` (protocols of the relay) or `floor`. Every answer is checked; results are
//! printed as `name value`. A wrong answer ends it with an error.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(
    clippy::disallowed_methods,
    reason = "it measures, and reads its clock as often as it can"
)]

mod browser;
mod ping_pong;
mod program;
mod runs;

use std::error::Error;

use program::{Kind, Target};

pub(crate) type Fault = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["ping-pong", count] = arguments[..] {
        return ping_pong::run(count.parse()?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let [run, kind, http, socket, rest @ ..] = &arguments[..] else {
            return Err("usage: relay_load RUN KIND HTTP SOCKET …".into());
        };
        let target = Target {
            kind: Kind::parse(kind)?,
            http: http.parse()?,
            socket: (*socket).to_owned(),
        };
        match (*run, rest) {
            ("latency", [count]) => runs::latency(&target, count.parse()?).await,
            ("deliver", [waiters, rounds]) => {
                runs::deliver(&target, waiters.parse()?, rounds.parse()?).await
            }
            ("miss", [milliseconds]) => runs::miss(&target, milliseconds.parse()?).await,
            ("cycle", [count]) => runs::cycle(&target, count.parse()?).await,
            ("park", [waiters]) => runs::park(&target, waiters.parse()?).await,
            _ => Err("usage: relay_load latency|deliver|miss|cycle|park …".into()),
        }
    })
}
