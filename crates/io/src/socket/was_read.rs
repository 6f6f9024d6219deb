//! Whether the other side had read what was written to it before it closed, however it ended.

use super::{Stream, stream::each};
use std::{io, time::Duration};

/// What the other side may still say before nobody listens any more.
const MOST_DROPPED: usize = 64 * 1024;

/// How often the kernel is asked after an end that left something of ours unread: nothing wakes us when that changes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const ASKING: Duration = Duration::from_millis(10);

/// How long after an end a reset may come.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const RESET: Duration = Duration::from_millis(50);

impl Stream {
    /// After [`write_all`](Self::write_all) has succeeded: ends our direction if that was not done yet, waits until the other
    /// side has closed, and tells whether it had read everything that was written.
    ///
    /// An orderly end with nothing of ours on the way is a yes; a reset is a no. An end with something of ours on the way is neither:
    /// a side that has ended its own direction alone can still read. Further bytes from the other side are dropped,
    /// at most 64 KiB of them; of a side that says more it is never known. There is no deadline; dropping the future is fine.
    ///
    /// | the other side closes | Unix socket | TCP |
    /// |---|---|---|
    /// | before our bytes arrived | writing fails | an end that does not acknowledge them; then a reset |
    /// | with some of them unread | reset | reset |
    /// | having read all | end | an end that acknowledges them all |
    ///
    /// This is exact on Linux, with these bounds: over TCP a proxy in between answers for the other side; and over TCP a program that
    /// ends its own direction before it has read our bytes, and later dies without having read them, counts as having
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
                // It lives, and may have read everything: a no would be as wrong as a yes.
                return std::future::pending().await;
            }
        }
    }

    /// Not a part of the future, which each waiter would have to carry the buffer in.
    fn drop_some(&self) -> io::Result<usize> {
        self.try_read(&mut [0; 4096])
    }

    /// After an end: waits until all of ours has been read, or never will be.
    ///
    /// The end of our own direction may still be on the way, and counts as one byte.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    async fn arrived(&self) -> bool {
        let end = match self {
            Self::Tcp(_) => 1,
            Self::Unix(_) => 0,
        };
        loop {
            let Ok(unsent) = each!(self, stream => crate::kernel::unsent(stream)) else {
                return false;
            };
            // In this order: what a reset throws away is not on the way any more either.
            if !self.is_whole() {
                return false;
            }
            if unsent <= end {
                return true;
            }
            tokio::time::sleep(ASKING).await;
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    async fn arrived(&self) -> bool {
        if matches!(self, Self::Tcp(_)) {
            tokio::time::sleep(RESET).await;
        }
        self.is_whole()
    }

    /// A reset that came after the end is seen nowhere else: reading goes on to report the end.
    fn is_whole(&self) -> bool {
        matches!(each!(self, stream => stream.take_error()), Ok(None))
    }
}
