//! A thread with a small runtime of its own, which ends when it is dropped.
//!
//! A test that blocks its thread (waiting for a child process, say) would stop a server that
//! shared its runtime.
use std::{io, thread::JoinHandle};
use tokio::sync::oneshot;

#[derive(Debug)]
pub(crate) struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Runs `work` until it ends or this is dropped. An error of `work` ends it.
    pub(crate) fn start<W>(name: &str, work: W) -> io::Result<Self>
    where
        W: AsyncFnOnce() -> io::Result<()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    // Either way it is over: whoever holds us sees refused connections.
                    tokio::select! {
                        _ = work() => {}
                        _ = stopped => {}
                    }
                });
                runtime.shutdown_background();
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Background {
    /// Returns when the port is free again.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there was printed there.
            drop(thread.join());
        }
    }
}
