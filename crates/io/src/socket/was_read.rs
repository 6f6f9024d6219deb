//! Whether the other side had read what was written to it before it closed, however it ended.

use super::{Stream, stream::each};
use std::io;

/// What the other side may still say before that counts as a no.
const MOST_DROPPED: usize = 64 * 1024;

impl Stream {
    /// After [`write_all`](Self::write_all) has succeeded: ends our direction if that was not done yet, waits until the other
    /// side has closed, and tells whether it had read everything that was written.
    ///
    /// An orderly end with nothing of ours on the way is a yes; a reset, or an end that was sent before our bytes arrived, a no.
    /// Further bytes from the other side are dropped, at most 64 KiB of them. There is no deadline; dropping the future is fine.
    ///
    /// | the other side closes | Unix socket | TCP |
    /// |---|---|---|
    /// | before our bytes arrived | writing fails | an end that does not acknowledge them; then a reset |
    /// | with some of them unread | reset | reset |
    /// | having read all | end | an end that acknowledges them all |
    ///
    /// This is exact on Linux, with these bounds: over TCP a proxy in between answers for the other side; and over TCP a program that
    /// ends its own direction while our bytes are on the way, and later dies without having read them, counts as having
    /// read them. An error can be told once only: where a read or write has failed before, that was the answer. On other systems an
    /// end over a Unix socket always counts as a yes, and one over TCP unless a reset follows it within 50 ms.
    pub async fn was_read(&self) -> bool {
        match self.end_writing() {
            Ok(()) => {}
            // Both directions have ended: in order or not, reading will tell.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
            Err(_) => return false,
        }
        let mut dropped = 0;
        loop {
            if self.readable().await.is_err() {
                return false;
            }
            match self.drop_some() {
                Ok(0) => return self.arrived().await,
                Ok(count) => dropped += count,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                    ) => {}
                Err(_) => return false,
            }
            if dropped > MOST_DROPPED {
                return false;
            }
        }
    }

    /// Not a part of the future, which each waiter would have to carry the buffer in.
    fn drop_some(&self) -> io::Result<usize> {
        self.try_read(&mut [0; 4096])
    }

    /// After an end: whether all of ours had arrived before it.
    ///
    /// The other side's end carries its last acknowledgement. What is not acknowledged now was not there when it closed, and
    /// never will be; so there is nothing to wait for. The end of our own direction may still be on the way, and counts as one byte.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    async fn arrived(&self) -> bool {
        let end = match self {
            Self::Tcp(_) => 1,
            Self::Unix(_) => 0,
        };
        let unsent = each!(self, stream => crate::kernel::unsent(stream));
        unsent.is_ok_and(|unsent| unsent <= end) && self.is_whole()
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    async fn arrived(&self) -> bool {
        if matches!(self, Self::Tcp(_)) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.is_whole()
    }

    /// A reset that came after the end is seen nowhere else: reading goes on to report the end.
    fn is_whole(&self) -> bool {
        matches!(each!(self, stream => stream.take_error()), Ok(None))
    }
}
