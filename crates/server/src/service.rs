//! All of it together: binds, serves, drains.

use crate::config::ServerConfig;

/// A server whose sockets are bound.
#[derive(Debug)]
pub struct Server {}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address cannot be bound.
    #[error("cannot listen on {address}: {reason}")]
    Bind {
        /// The address or path.
        address: String,
        /// Why, and what to do.
        reason: String,
    },
}

impl Server {
    /// Binds everything; nothing is served yet.
    ///
    /// # Errors
    /// Something cannot be bound.
    pub async fn bind(_config: ServerConfig) -> Result<Self, ServeError> {
        todo!()
    }

    /// Serves until `stop` resolves, then drains for at most 10 s.
    pub async fn serve(self, _stop: impl Future<Output = ()> + Send) {
        todo!()
    }
}
