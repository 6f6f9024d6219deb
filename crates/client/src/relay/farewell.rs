//! The last words of waiters that were dropped in the middle of an asynchronous program.

use std::{sync::LazyLock, time::Duration};

use tokio::{runtime::Handle, sync::watch};

/// A relay that takes longer finds out by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many are being said.
static PENDING: LazyLock<watch::Sender<usize>> = LazyLock::new(watch::Sender::default);

/// Waits until every [`Waiter`](super::Waiter) that was dropped has told its relay so, at most about two seconds.
///
/// For a program that is about to exit. A relay on a socket is told by the drop itself.
pub async fn farewells() {
    let mut pending = PENDING.subscribe();
    let said = pending.wait_for(|count| *count == 0);
    // Late ones are abandoned; the sender never goes away.
    drop(tokio::time::timeout(PATIENCE, said).await);
}

/// Says a last word in the background, where there is a runtime to do it.
pub(super) fn say(word: impl Future<Output = ()> + Send + 'static) {
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    let pending = Pending::new();
    drop(runtime.spawn(async move {
        let _pending = pending;
        drop(tokio::time::timeout(PATIENCE, word).await);
    }));
}

/// Counts while it lives.
struct Pending;

impl Pending {
    fn new() -> Self {
        PENDING.send_modify(|count| *count += 1);
        Self
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        PENDING.send_modify(|count| *count = count.saturating_sub(1));
    }
}
