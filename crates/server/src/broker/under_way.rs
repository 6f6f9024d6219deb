//! Exchanges with providers that are under way: whoever stops waits for them (hostile.md, 36).

use tokio::sync::watch;

/// How many there are.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(watch::Sender<usize>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Exchange(watch::Sender<usize>);

impl UnderWay {
    pub(crate) fn begin(&self) -> Exchange {
        self.0.send_modify(|count| *count += 1);
        Exchange(self.0.clone())
    }

    /// Until there is none.
    pub(crate) async fn over(&self) {
        let mut count = self.0.subscribe();
        // An error would mean that the sender is gone, and it is ours.
        drop(count.wait_for(|count| *count == 0).await);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
