//! Ctrl-C, SIGTERM and SIGHUP.

use std::io;

/// Which signal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: somebody asks us to end.
    Terminate,
    /// SIGHUP: the terminal is gone.
    Hangup,
}

impl Signal {
    /// The signal's number, so that a program can exit with 128 plus it.
    pub fn number(self) -> i32 {
        match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// Listens for the signals that ask a program to end.
///
/// From the first [`listen`](Self::listen) on, their default action (sudden death) is off until the
/// process ends. Signals that were ignored when we were started stay ignored (`nohup`, a shell's
/// background job) where the system tells.
#[derive(Debug)]
pub struct Signals {
    platform: platform::Signals,
}

impl Signals {
    /// Listens from now on. Needs a tokio runtime with I/O enabled.
    ///
    /// # Errors
    /// The operating system does not let us.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            platform: platform::Signals::listen()?,
        })
    }

    /// Waits for the next signal. Dropping the future loses none.
    pub async fn next(&mut self) -> Signal {
        self.platform.next().await
    }
}

#[cfg(unix)]
mod platform {
    use super::Signal;
    use std::io;
    use tokio::signal::unix::{self, SignalKind};

    #[derive(Debug)]
    pub(super) struct Signals {
        interrupt: Option<unix::Signal>,
        terminate: Option<unix::Signal>,
        hangup: Option<unix::Signal>,
    }

    impl Signals {
        pub(super) fn listen() -> io::Result<Self> {
            let ignored = ignored();
            let listen = |signal: Signal, kind| {
                if ignored & (1 << (signal.number() - 1)) != 0 {
                    return Ok(None);
                }
                unix::signal(kind).map(Some)
            };
            Ok(Self {
                interrupt: listen(Signal::Interrupt, SignalKind::interrupt())?,
                terminate: listen(Signal::Terminate, SignalKind::terminate())?,
                hangup: listen(Signal::Hangup, SignalKind::hangup())?,
            })
        }

        pub(super) async fn next(&mut self) -> Signal {
            tokio::select! {
                () = received(&mut self.interrupt) => Signal::Interrupt,
                () = received(&mut self.terminate) => Signal::Terminate,
                () = received(&mut self.hangup) => Signal::Hangup,
            }
        }
    }

    async fn received(signal: &mut Option<unix::Signal>) {
        let came = match signal {
            Some(signal) => signal.recv().await.is_some(),
            None => false,
        };
        if !came {
            std::future::pending::<()>().await;
        }
    }

    /// The signals this process ignores, as a bit mask; none where the system does not tell.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod platform {
    use super::Signal;
    use std::io;
    use tokio::signal::windows::{self, CtrlBreak, CtrlC, CtrlClose};

    #[derive(Debug)]
    pub(super) struct Signals {
        interrupt: CtrlC,
        terminate: CtrlBreak,
        hangup: CtrlClose,
    }

    impl Signals {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self {
                interrupt: windows::ctrl_c()?,
                terminate: windows::ctrl_break()?,
                hangup: windows::ctrl_close()?,
            })
        }

        pub(super) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::Interrupt,
                _ = self.terminate.recv() => Signal::Terminate,
                _ = self.hangup.recv() => Signal::Hangup,
            }
        }
    }
}
