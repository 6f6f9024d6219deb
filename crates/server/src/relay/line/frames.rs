//! Frames over a connection.

use std::{io, time::Duration};

use oarlock_io::socket::Stream;
use oarlock_oauth::relay::{FrameError, LineReader, ProgramFrame, Protocol, RelayFrame};
use tokio::time::timeout;
use zeroize::{Zeroize as _, Zeroizing};

/// How much is read at once. It lies on the stack, so that nobody who waits holds it.
const CHUNK: usize = 4 * 1024;

/// A connection whose bytes are lines.
pub(super) struct Frames {
    stream: Stream,
    reader: LineReader,
}

/// What a program said.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(ProgramFrame),
    /// It said something that is no frame; in which protocol the answer is understood, if the line is its first.
    Malformed(FrameError, Protocol),
    /// It is gone: closed, in one direction at least, or broken.
    End,
}

impl Frames {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            reader: LineReader::new(),
        }
    }

    /// The next frame. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.read() {
                return heard;
            }
            if let Err(error) = self.stream.readable().await {
                tracing::debug!(%error, "a connection broke");
                return Heard::End;
            }
        }
    }

    /// What has come so far; `None`: not a whole frame yet.
    pub(super) fn read(&mut self) -> Option<Heard> {
        loop {
            if let Some(line) = self.reader.next_line() {
                return Some(match ProgramFrame::parse(&line) {
                    Ok(frame) => Heard::Frame(frame),
                    Err(error) => Heard::Malformed(error, Protocol::meant_by(&line)),
                });
            }
            let mut chunk = [0; CHUNK];
            let count = match self.stream.try_read(&mut chunk) {
                Ok(0) => return Some(Heard::End),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) => {
                    tracing::debug!(%error, "a connection broke");
                    return Some(Heard::End);
                }
            };
            let came = chunk.get_mut(..count).unwrap_or_default();
            let pushed = self.reader.push(came);
            came.zeroize();
            if let Err(error) = pushed {
                return Some(Heard::Malformed(error, Protocol::One));
            }
        }
    }

    /// Writes a frame whole.
    pub(super) async fn send(&self, frame: &RelayFrame) -> io::Result<()> {
        let line = Zeroizing::new(frame.to_line());
        self.stream.write_all(&line).await
    }

    /// Writes the only line of protocol 1, ends our direction, and waits until it is known whether the program had read it.
    pub(super) async fn send_last(&self, frame: &RelayFrame) -> bool {
        if let Err(error) = self.send(frame).await {
            tracing::debug!(%error, "the program was gone before the line");
            return false;
        }
        self.stream.was_read().await
    }

    /// Writes a last frame and gives the program a moment to read it: closing with unread input would reset the
    /// connection, and a reset can overtake the frame.
    pub(super) async fn close(&self, frame: &RelayFrame, patience: Duration) {
        if timeout(patience, self.send_last(frame)).await.is_err() {
            tracing::trace!("the program did not close");
        }
    }
}
