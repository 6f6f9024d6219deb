//! Client ID metadata documents: fetched as a stranger's address, remembered for a while (hostile.md, 16 and 38).

mod fetching;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use oarlock_io::{Clock, HttpClient, HttpConfig, HttpError};
use oarlock_oauth::authorization_server::client::{ClientIdUrl, ClientMetadata};
use tokio::sync::{Mutex as Turn, Semaphore};

use fetching::Fetched;

/// For name, connection, TLS, head and body together.
const DEADLINE: Duration = Duration::from_secs(5);

/// The largest document.
const BODY: usize = 64 * 1024;

/// Documents that are remembered at once.
const REMEMBERED: usize = 1_000;

/// Documents that are fetched at once.
const AT_ONCE: usize = 128;

/// How long a failure is remembered, so that whoever asks again and again does not make us ask again and again.
const FAILURE: Duration = Duration::from_secs(30);

/// The documents.
#[derive(Debug)]
pub(super) struct Documents {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    places: Mutex<HashMap<String, Place>>,
    turns: Semaphore,
}

/// One document: whoever holds it asks, all others wait for what comes of it.
type Place = Arc<Turn<Option<Remembered>>>;

#[derive(Debug)]
struct Remembered {
    found: Result<ClientMetadata, DocumentError>,
    /// By the monotonic clock.
    until: Duration,
}

/// Why a document is of no use. Says nothing of what a private network looks like from inside.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum DocumentError {
    /// It did not come: no such host, a private one, too slow, not there.
    #[error("its address, which the client id is, does not answer with a document")]
    Unreachable,
    /// It is none.
    #[error("{0}")]
    Refused(&'static str),
    /// Too many others are fetched.
    #[error("too many are being fetched; try again in a moment")]
    Busy,
}

impl Documents {
    /// None is known yet. Nothing but what `network` allows explicitly may lie in a private network.
    pub(super) fn new(network: HttpConfig, clock: Arc<dyn Clock>) -> Result<Self, HttpError> {
        let config = HttpConfig {
            timeout: DEADLINE.min(network.timeout),
            connect_timeout: DEADLINE.min(network.connect_timeout),
            max_body: BODY,
            ..network
        };
        Ok(Self {
            http: HttpClient::new(config)?,
            clock,
            places: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        })
    }

    /// What the document at an address says: as it was remembered, or fetched now.
    pub(super) async fn find(
        &self,
        address: &ClientIdUrl,
    ) -> Result<ClientMetadata, DocumentError> {
        self.find_by(address, fetching::fetch(&self.http, address))
            .await
    }

    /// Whether it is remembered, or being fetched already.
    pub(super) fn remembers(&self, address: &ClientIdUrl) -> bool {
        let place = self.places().get(address.url().as_str()).map(Arc::clone);
        let now = self.clock.monotonic();
        place.is_some_and(|place| match place.try_lock() {
            Ok(remembered) => remembered.as_ref().is_some_and(|known| now < known.until),
            Err(_) => true,
        })
    }

    async fn find_by(
        &self,
        address: &ClientIdUrl,
        fetch: impl Future<Output = Result<Fetched, DocumentError>>,
    ) -> Result<ClientMetadata, DocumentError> {
        let place = self.place(address.url().as_str())?;
        // Whoever goes away while it asks leaves the turn to the next.
        let mut remembered = place.lock().await;
        if let Some(known) = remembered.as_ref()
            && self.clock.monotonic() < known.until
        {
            return known.found.clone();
        }
        let _turn = self.turns.try_acquire().map_err(|_| DocumentError::Busy)?;
        let (found, lasts) = match fetch.await {
            Ok(fetched) => (Ok(fetched.metadata), fetched.lasts),
            Err(error) => (Err(error), FAILURE),
        };
        *remembered = Some(Remembered {
            found: found.clone(),
            until: self.clock.monotonic().saturating_add(lasts),
        });
        found
    }

    /// The place of an address; where there is no room, that of the document that is over first is given up.
    fn place(&self, address: &str) -> Result<Place, DocumentError> {
        let mut places = self.places();
        if let Some(place) = places.get(address) {
            return Ok(Arc::clone(place));
        }
        if places.len() >= REMEMBERED {
            let first = places
                .iter()
                .filter(|(_, place)| Arc::strong_count(place) == 1)
                .min_by_key(|(_, place)| until(place))
                .map(|(address, _)| address.clone());
            match first {
                Some(first) => drop(places.remove(&first)),
                None => return Err(DocumentError::Busy),
            }
        }
        let place = Place::default();
        places.insert(address.to_owned(), Arc::clone(&place));
        Ok(place)
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was never fetched is over at once.
fn until(place: &Place) -> Duration {
    let remembered = place.try_lock().ok();
    remembered
        .and_then(|remembered| remembered.as_ref().map(|known| known.until))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
