//! What is fetched from a provider: by one task for all who wait for it, kept for an hour, then fetched again while the old serves.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use oarlock_io::Clock;
use tokio::sync::watch;

use super::UpstreamError;

/// How long it is not asked for again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long it serves where it cannot be fetched again.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a failure is told to whoever comes, before it is tried again.
const FAILURE: Duration = Duration::from_secs(5);
/// A task that neither fetched nor failed was ended from outside; a second one is started, not a third.
const TRIES: usize = 2;

/// Fetches; it is told what there was before.
type Fetch<T> =
    dyn Fn(Option<Arc<T>>) -> BoxFuture<'static, Result<T, UpstreamError>> + Send + Sync;

/// Something that is fetched when it is first needed.
pub(super) struct Fetched<T> {
    what: &'static str,
    fetch: Box<Fetch<T>>,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State<T>>>,
}

struct State<T> {
    /// By the monotonic clock, as all times here.
    value: Option<(Arc<T>, Duration)>,
    failure: Option<(UpstreamError, Duration)>,
    /// When the last fetch began.
    begun: Option<Duration>,
    /// Closed when the fetch has ended, however it did.
    under_way: Option<watch::Receiver<()>>,
}

impl<T: Send + Sync + 'static> Fetched<T> {
    pub(super) fn new(what: &'static str, clock: Arc<dyn Clock>, fetch: Box<Fetch<T>>) -> Self {
        let state = State {
            value: None,
            failure: None,
            begun: None,
            under_way: None,
        };
        Self {
            what,
            fetch,
            clock,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// What is there, without waiting; what is no longer fresh is fetched again meanwhile.
    pub(super) fn ready(&self) -> Option<Arc<T>> {
        let mut state = lock(&self.state);
        let now = self.clock.monotonic();
        let (value, at) = state.value.clone()?;
        let age = now.saturating_sub(at);
        if age >= FRESH && state.failed_lately(now).is_none() {
            drop(self.begin(&mut state, now));
        }
        (age < USABLE).then_some(value)
    }

    /// What is there, or what the next fetch brings.
    ///
    /// # Errors
    /// The fetch failed, now or a few seconds ago.
    pub(super) async fn value(&self) -> Result<Arc<T>, UpstreamError> {
        for _ in 0..TRIES {
            if let Some(value) = self.ready() {
                return Ok(value);
            }
            let under_way = {
                let mut state = lock(&self.state);
                let now = self.clock.monotonic();
                if let Some(failure) = state.failed_lately(now) {
                    return Err(failure);
                }
                self.begin(&mut state, now)
            };
            ended(under_way).await;
        }
        self.ready().ok_or_else(|| self.failure())
    }

    /// Another than `than`: what somebody else has fetched meanwhile, or one more fetch brings. None where the last fetch began less than
    /// `pause` ago.
    ///
    /// # Errors
    /// The fetch failed.
    pub(super) async fn newer(
        &self,
        than: &Arc<T>,
        pause: Duration,
    ) -> Result<Option<Arc<T>>, UpstreamError> {
        let under_way = {
            let mut state = lock(&self.state);
            if let Some(newer) = state.other(than) {
                return Ok(Some(newer));
            }
            let now = self.clock.monotonic();
            let lately = |begun| now.saturating_sub(begun) < pause;
            match state.running() {
                Some(running) => running,
                None if state.begun.is_some_and(lately) => return Ok(None),
                None => self.begin(&mut state, now),
            }
        };
        ended(under_way).await;
        let newer = lock(&self.state).other(than);
        newer.map(Some).ok_or_else(|| self.failure())
    }

    fn failure(&self) -> UpstreamError {
        let failure = lock(&self.state).failure.clone();
        failure.map_or_else(
            || UpstreamError::Unavailable(format!("its {} were not fetched", self.what)),
            |(failure, _)| failure,
        )
    }

    /// Starts a fetch, unless one is under way. It does not end with whoever waits for it.
    fn begin(&self, state: &mut MutexGuard<'_, State<T>>, now: Duration) -> watch::Receiver<()> {
        if let Some(running) = state.running() {
            return running;
        }
        let (end, under_way) = watch::channel(());
        state.begun = Some(now);
        state.under_way = Some(under_way.clone());
        let fetching = (self.fetch)(state.value.as_ref().map(|(value, _)| Arc::clone(value)));
        let (shared, clock, what) = (Arc::clone(&self.state), Arc::clone(&self.clock), self.what);
        tokio::spawn(async move {
            let fetched = fetching.await;
            let now = clock.monotonic();
            let mut state = lock(&shared);
            match fetched {
                Ok(value) => {
                    state.value = Some((Arc::new(value), now));
                    state.failure = None;
                }
                Err(error) => {
                    tracing::warn!(%error, what, "fetch from a provider failed");
                    state.failure = Some((error, now));
                }
            }
            drop(state);
            drop(end);
        });
        under_way
    }
}

impl<T> State<T> {
    fn running(&self) -> Option<watch::Receiver<()>> {
        let running = self.under_way.as_ref()?;
        running.has_changed().is_ok().then(|| running.clone())
    }

    fn failed_lately(&self, now: Duration) -> Option<UpstreamError> {
        let (failure, at) = self.failure.as_ref()?;
        (now.saturating_sub(*at) < FAILURE).then(|| failure.clone())
    }

    fn other(&self, than: &Arc<T>) -> Option<Arc<T>> {
        let (value, _) = self.value.as_ref()?;
        (!Arc::ptr_eq(value, than)).then(|| Arc::clone(value))
    }
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing is ever sent: the channel closes.
async fn ended(mut under_way: watch::Receiver<()>) {
    while under_way.changed().await.is_ok() {}
}

impl<T> fmt::Debug for Fetched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
