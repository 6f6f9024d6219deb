//! The terminal on Unix.
//!
//! Not the raw mode of terminal libraries: output processing stays on, so that whoever writes a line
//! meanwhile need not know. Nor their event readers: those read ahead, and take an Escape that is
//! split from its sequence for the key.

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    termios::{
        InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush,
        tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr,
    },
};
use std::{
    io::{self, PipeReader, PipeWriter},
    sync::{Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The terminal's settings while ours are in force.
static ORIGINAL: Mutex<Option<Termios>> = Mutex::new(None);

pub(super) fn columns() -> Option<usize> {
    let size = tcgetwinsize(io::stderr())
        .or_else(|_| tcgetwinsize(io::stdin()))
        .ok()?;
    Some(usize::from(size.ws_col))
}

/// Waits until we are in the foreground: changing the terminal from the background would stop us.
pub(super) async fn foreground() {
    loop {
        match tcgetpgrp(io::stdin()) {
            Ok(group) if group != rustix::process::getpgrp() => {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            _ => return,
        }
    }
}

/// Turns line mode, echo and the keys that send signals off, and bracketed paste on.
pub(super) fn enter() -> io::Result<()> {
    let mut original = ORIGINAL.lock().unwrap_or_else(PoisonError::into_inner);
    if original.is_some() {
        return Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "the terminal is being read",
        ));
    }
    let before = tcgetattr(io::stdin())?;
    let mut ours = before.clone();
    ours.local_modes -= LocalModes::ICANON
        | LocalModes::ECHO
        | LocalModes::ECHONL
        | LocalModes::ISIG
        | LocalModes::IEXTEN;
    ours.input_modes -= InputModes::ICRNL
        | InputModes::INLCR
        | InputModes::IGNCR
        | InputModes::IXON
        | InputModes::ISTRIP;
    ours.special_codes[SpecialCodeIndex::VMIN] = 1;
    ours.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(io::stdin(), OptionalActions::Now, &ours)?;
    *original = Some(before);
    if super::is_terminal() {
        super::to_stderr("\x1b[?2004h");
    }
    Ok(())
}

/// Undoes [`enter`], and throws away what was not read: it was meant for us, not for the shell.
pub(super) fn restore() {
    let mut original = ORIGINAL.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(before) = original.take() else {
        return;
    };
    if super::is_terminal() {
        let echo = super::ECHO.load(std::sync::atomic::Ordering::SeqCst);
        super::to_stderr(if echo > 0 {
            "\x1b[?2004l\n"
        } else {
            "\x1b[?2004l"
        });
    }
    let flushed = tcflush(io::stdin(), QueueSelector::IFlush);
    if let Err(error) = flushed.and_then(|()| tcsetattr(io::stdin(), OptionalActions::Now, &before))
    {
        tracing::debug!(%error, "the terminal is gone");
    }
}

/// Reads the terminal in a thread, and only as long as this lives.
pub(super) struct Keys {
    bytes: UnboundedReceiver<io::Result<Vec<u8>>>,
    /// Closing it ends the thread.
    wake: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Keys {
    pub(super) fn read() -> io::Result<Self> {
        let (ended, wake) = io::pipe()?;
        let (sender, bytes) = unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || copy(&ended, &sender))?;
        Ok(Self {
            bytes,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// What was typed or pasted; empty at the end of input.
    pub(super) async fn next(&mut self) -> io::Result<Vec<u8>> {
        self.bytes.recv().await.unwrap_or(Ok(Vec::new()))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::debug!("the reader of the terminal panicked");
        }
    }
}

fn copy(ended: &PipeReader, sender: &UnboundedSender<io::Result<Vec<u8>>>) {
    let stdin = io::stdin();
    let mut buffer = [0; 4096];
    loop {
        let mut watched = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(ended, PollFlags::IN),
        ];
        match poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return drop(sender.send(Err(error.into()))),
        }
        let [keys, end] = watched.map(|descriptor| !descriptor.revents().is_empty());
        if end {
            return;
        }
        if !keys {
            continue;
        }
        let read = match rustix::io::read(&stdin, &mut buffer) {
            Ok(count) => Ok(buffer.get(..count).unwrap_or_default().to_vec()),
            Err(Errno::INTR | Errno::AGAIN) => continue,
            // What Linux says when the other side of a pseudo-terminal is gone.
            Err(Errno::IO) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        };
        let last = !matches!(&read, Ok(bytes) if !bytes.is_empty());
        if sender.send(read).is_err() || last {
            return;
        }
    }
}
