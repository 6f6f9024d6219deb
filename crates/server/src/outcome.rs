//! How a callback ended: what the relay finds out, pages tell and metrics count.

/// How a callback ended, for the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The program has it.
    Complete,
    /// The program has it, and it is a refusal (`error=`).
    Denied,
    /// Nobody waits for it, or nobody came back in time.
    NobodyWaiting,
    /// It was delivered before.
    AlreadyDelivered,
    /// The program did not say that it has it.
    Unconfirmed,
    /// The program refused it.
    Rejected,
    /// The relay stops.
    Stopping,
}

impl Outcome {
    /// Whether there was no program for it.
    pub(crate) fn is_miss(self) -> bool {
        matches!(self, Self::NobodyWaiting | Self::AlreadyDelivered)
    }
}
