//! A broker by a clock that a test turns.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use oarlock_io::{
    Clock,
    web_server::{self, WebLimits},
};
use oarlock_server::{
    broker::{Broker, Surroundings, web},
    config::broker::BrokerConfig,
    metrics::Metrics,
};
use oarlock_testkit::FakeClock;
use rusqlite::{Connection, OpenFlags};
use tokio::net::TcpListener;

use crate::scene::{PATIENCE, Scene, broker_config};

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// It serves as long as the test's runtime.
pub(super) struct Turned {
    pub(super) scene: Scene,
    pub(super) clock: Arc<FakeClock>,
    broker: Broker,
}

impl Turned {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut BrokerConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = broker_config(folder.path());
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let clock = Arc::new(FakeClock::default());
        let surroundings = Surroundings {
            public_url: format!("http://{address}/").parse().unwrap(),
            trusted_proxies: Vec::new(),
            metrics: Metrics::default(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let broker = Broker::open(config, surroundings).await.unwrap();
        let limits = WebLimits {
            connections: 100,
            connections_per_peer: 100,
            uncounted: Vec::new(),
            drain: Duration::ZERO,
        };
        let pages = web::router(&broker);
        tokio::spawn(web_server::serve(
            listener,
            None,
            limits,
            pages,
            std::future::pending(),
        ));
        Self {
            scene: Scene::at(address, folder),
            clock,
            broker,
        }
    }

    /// Lets it do its housekeeping once, which it does at once when it begins.
    pub(super) async fn keeps_house(&self) {
        // A row that has expired long ago: when it is gone, the broom has been everywhere.
        let path = self.scene.folder.path().join("state").join("server.db");
        let store = Connection::open(path).unwrap();
        store
            .execute(
                "INSERT INTO revoked_access_tokens (id, expires_at) VALUES ('broom', 0)",
                [],
            )
            .unwrap();
        drop(store);
        let swept = async {
            while self.count("revoked_access_tokens", "id = 'broom'") > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let work = async {
            tokio::select! {
                () = self.broker.keep() => {}
                () = swept => {}
            }
        };
        tokio::time::timeout(PATIENCE, work).await.unwrap();
    }

    /// Gives it the time to do its housekeeping, if it does any.
    pub(super) async fn may_keep_house(&self) {
        let work = tokio::time::timeout(Duration::from_millis(500), self.broker.keep());
        work.await.unwrap_err();
    }

    /// So many rows there are.
    pub(super) fn count(&self, table: &str, which: &str) -> i64 {
        let path = self.scene.folder.path().join("state").join("server.db");
        let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let count = format!("SELECT COUNT(*) FROM {table} WHERE {which}");
        store.query_row(&count, [], |row| row.get(0)).unwrap()
    }
}
