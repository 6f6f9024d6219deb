//! Standard input that is not a terminal.

use super::{MAX_INPUT, decoder::too_long};
use std::{
    io::{self, BufRead as _, Read as _},
    sync::{Mutex, PoisonError},
};
use tokio::sync::oneshot::{self, Receiver};

/// A reader that was started and whose line nobody has taken: a blocking read cannot be taken back,
/// so the next call waits for the same one.
static WAITING: Mutex<Option<Receiver<io::Result<String>>>> = Mutex::new(None);

/// The first line that is not empty. It is read in a thread that does not keep the process alive.
pub(super) async fn read() -> io::Result<String> {
    let mut reader = Waiting(Some(started()?));
    let Some(receiver) = &mut reader.0 else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let line = receiver.await;
    reader.0 = None;
    line.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()))
}

struct Waiting(Option<Receiver<io::Result<String>>>);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(receiver) = self.0.take() {
            *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
        }
    }
}

fn started() -> io::Result<Receiver<io::Result<String>>> {
    let waiting = WAITING
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(receiver) = waiting {
        return Ok(receiver);
    }
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name("standard input".to_owned())
        .spawn(move || drop(sender.send(read_line())))?;
    Ok(receiver)
}

fn read_line() -> io::Result<String> {
    let mut stdin = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_INPUT)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        if (&mut stdin).take(limit).read_until(b'\n', &mut line)? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the input ended",
            ));
        }
        if line.len() > MAX_INPUT {
            return Err(too_long(MAX_INPUT));
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if !text.is_empty() {
            return Ok(text);
        }
    }
}
