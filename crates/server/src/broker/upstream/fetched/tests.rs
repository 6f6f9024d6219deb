use std::sync::atomic::{AtomicUsize, Ordering};

use oarlock_testkit::FakeClock;
use tokio::sync::Notify;

use super::*;

const PAUSE: Duration = Duration::from_secs(30);

/// A fetch that a test lets go on, and whose outcome it sets.
#[derive(Default)]
struct Source {
    asked: AtomicUsize,
    held: Mutex<Option<Arc<Notify>>>,
    fails: Mutex<bool>,
}

struct Scene {
    source: Arc<Source>,
    clock: Arc<FakeClock>,
    fetched: Arc<Fetched<usize>>,
}

impl Scene {
    fn new() -> Self {
        let (source, clock) = (Arc::<Source>::default(), Arc::<FakeClock>::default());
        let fetch = {
            let source = Arc::clone(&source);
            move |_| -> BoxFuture<'static, _> {
                let source = Arc::clone(&source);
                Box::pin(async move {
                    let number = source.asked.fetch_add(1, Ordering::SeqCst) + 1;
                    let held = source.held.lock().unwrap().clone();
                    if let Some(held) = held {
                        held.notified().await;
                    }
                    assert_ne!(number, 99, "a fault of the fetch itself");
                    if *source.fails.lock().unwrap() {
                        return Err(UpstreamError::Unavailable(format!("failure {number}")));
                    }
                    Ok(number)
                })
            }
        };
        let fetched = Fetched::new("things", clock.clone(), Box::new(fetch));
        Self {
            source,
            clock,
            fetched: Arc::new(fetched),
        }
    }

    fn hold(&self) -> Arc<Notify> {
        let held = Arc::new(Notify::new());
        *self.source.held.lock().unwrap() = Some(Arc::clone(&held));
        held
    }

    fn fails(&self, fails: bool) {
        *self.source.fails.lock().unwrap() = fails;
    }

    fn asked(&self) -> usize {
        self.source.asked.load(Ordering::SeqCst)
    }

    async fn value(&self) -> Result<usize, UpstreamError> {
        self.fetched.value().await.map(|value| *value)
    }
}

fn failure(number: usize) -> UpstreamError {
    UpstreamError::Unavailable(format!("failure {number}"))
}

#[tokio::test]
async fn nothing_is_fetched_before_it_is_needed_and_then_once_for_an_hour() {
    let scene = Scene::new();
    assert_eq!((scene.asked(), scene.fetched.ready()), (0, None));
    for _ in 0..3 {
        assert_eq!(scene.value().await, Ok(1));
    }
    scene.clock.advance(FRESH - Duration::from_secs(1));
    assert_eq!(scene.value().await, Ok(1));
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn after_an_hour_it_is_fetched_again_while_the_old_serves() {
    let scene = Scene::new();
    assert_eq!(scene.value().await, Ok(1));
    let held = scene.hold();
    scene.clock.advance(FRESH);
    for _ in 0..3 {
        assert_eq!(scene.value().await, Ok(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.asked(), 2);
    held.notify_one();
    while scene.value().await != Ok(2) {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn what_cannot_be_fetched_again_serves_for_a_day() {
    let scene = Scene::new();
    assert_eq!(scene.value().await, Ok(1));
    scene.fails(true);
    scene.clock.advance(FRESH);
    assert_eq!(scene.value().await, Ok(1));
    scene.clock.advance(USABLE - FRESH - Duration::from_secs(1));
    assert_eq!(scene.value().await, Ok(1));
    scene.clock.advance(FAILURE);
    assert!(matches!(
        scene.value().await,
        Err(UpstreamError::Unavailable(_))
    ));
    scene.fails(false);
    scene.clock.advance(FAILURE);
    assert!(scene.value().await.is_ok());
}

#[tokio::test]
async fn all_who_wait_share_one_fetch_and_one_failure() {
    let scene = Scene::new();
    scene.fails(true);
    let held = scene.hold();
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let fetched = Arc::clone(&scene.fetched);
            tokio::spawn(async move { fetched.value().await.map(|value| *value) })
        })
        .collect();
    while scene.asked() == 0 {
        tokio::task::yield_now().await;
    }
    held.notify_one();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), Err(failure(1)));
    }
    // Remembered for a moment only.
    assert_eq!(scene.value().await, Err(failure(1)));
    assert_eq!(scene.asked(), 1);
    *scene.source.held.lock().unwrap() = None;
    scene.fails(false);
    scene.clock.advance(FAILURE);
    assert_eq!(scene.value().await, Ok(2));
}

#[tokio::test]
async fn who_goes_away_does_not_end_it_for_the_others() {
    let scene = Scene::new();
    let held = scene.hold();
    let first = tokio::spawn({
        let fetched = Arc::clone(&scene.fetched);
        async move { fetched.value().await.map(|value| *value) }
    });
    while scene.asked() == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    held.notify_one();
    assert_eq!(scene.value().await, Ok(1));
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn a_fetch_that_breaks_down_leaves_nobody_waiting() {
    let scene = Scene::new();
    scene.source.asked.store(98, Ordering::SeqCst);
    // The second try is the hundredth.
    assert_eq!(scene.value().await, Ok(100));
}

#[tokio::test]
async fn hostile_13_a_newer_one_is_fetched_once_in_a_while() {
    let scene = Scene::new();
    let first = scene.fetched.value().await.unwrap();
    for _ in 0..100 {
        assert_eq!(scene.fetched.newer(&first, PAUSE).await, Ok(None));
    }
    scene.clock.advance(PAUSE);
    let second = scene.fetched.newer(&first, PAUSE).await.unwrap().unwrap();
    assert_eq!(*second, 2);
    // Whoever still has the first takes the second; who has the second waits.
    assert_eq!(
        scene.fetched.newer(&first, PAUSE).await,
        Ok(Some(Arc::clone(&second)))
    );
    assert_eq!(scene.fetched.newer(&second, PAUSE).await, Ok(None));
    scene.clock.advance(PAUSE);
    scene.fails(true);
    assert_eq!(scene.fetched.newer(&second, PAUSE).await, Err(failure(3)));
    assert_eq!(scene.fetched.newer(&second, PAUSE).await, Ok(None));
    assert_eq!(scene.asked(), 3);
    // What is there is not lost by it.
    assert_eq!(scene.value().await, Ok(2));
}
