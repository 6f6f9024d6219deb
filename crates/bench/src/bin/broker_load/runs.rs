//! Whole logins, so many at once.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{Fault, code, connection::Connection, measured, pairing, people::People};

/// Which logins.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// The older face, at this upstream.
    Pairing(&'static str),
    /// The code flow, at this upstream.
    Code(&'static str),
    FastHtml,
    Floor,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        Ok(match text {
            "pairing" => Self::Pairing("plain"),
            "pairing-oidc" => Self::Pairing("oidc"),
            "code" => Self::Code("plain"),
            "code-oidc" => Self::Code("oidc"),
            "fasthtml" => Self::FastHtml,
            "floor" => Self::Floor,
            _ => return Err("no such kind of login".into()),
        })
    }

    pub(crate) async fn login(
        self,
        connection: &mut Connection,
        people: &People,
        number: usize,
    ) -> Result<(), Fault> {
        match self {
            Self::Pairing(upstream) => pairing::login(connection, upstream, people, number).await,
            Self::Code(upstream) => code::login(connection, upstream, people, number).await,
            Self::FastHtml => pairing::fasthtml(connection, people, number).await,
            Self::Floor => pairing::floor(connection).await,
        }
    }
}

/// One connection for each that is at once: the program and its browser in turns. What a start alone costs (connections to the provider,
/// its metadata) is not measured.
pub(crate) async fn logins(
    kind: Kind,
    http: SocketAddr,
    at_once: usize,
    milliseconds: u64,
) -> Result<(), Fault> {
    let people = Arc::new(People::default());
    let next = Arc::new(AtomicUsize::new(0));
    let mut connections = Vec::new();
    for _ in 0..at_once {
        let mut connection = Connection::new(http).await?;
        let number = next.fetch_add(1, Ordering::Relaxed);
        kind.login(&mut connection, &people, number).await?;
        connections.push(connection);
    }
    let began = Instant::now();
    let until = began + Duration::from_millis(milliseconds);
    let mut workers = JoinSet::new();
    for mut connection in connections {
        let (people, next) = (Arc::clone(&people), Arc::clone(&next));
        workers.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                let began = Instant::now();
                let number = next.fetch_add(1, Ordering::Relaxed);
                kind.login(&mut connection, &people, number).await?;
                times.push(began.elapsed());
            }
            Ok::<_, Fault>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = workers.join_next().await {
        times.extend(ended??);
    }
    measured::print(&mut times, began.elapsed());
    Ok(())
}
