//! What an operator's commands share: the broker's books, opened beside a running server, and tables.

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use inquire::{Confirm, InquireError};
use jiff::Timestamp;
use oarlock_io::{Clock, SystemClock, terminal};
use oarlock_server::{
    broker::{
        audit::{Audit, Event},
        keyring::{Keyring, KeyringError},
        store::{Store, StoreError, sqlite::SqliteStore},
    },
    config::broker::StoreConfig,
};

use super::serve::{self, Kept};
use crate::{
    arguments::{ServeArguments, StoreArguments},
    failure::Failure,
};

/// Why an event of these commands happened.
pub(super) const OPERATOR: &str = "operator";

/// The books of a broker.
pub(super) struct Books {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    kept: Kept,
    audit: Audit,
}

/// Opens the books of the same configuration as `serve` has, and works with them.
pub(super) fn work(
    place: &StoreArguments,
    work: impl AsyncFnOnce(&Books) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let arguments = ServeArguments {
        config: place.config.clone(),
        store: place.store.clone(),
        ..ServeArguments::default()
    };
    let kept = serve::kept(&arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let books = Books::open(kept)?;
        work(&books).await
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Books {
    fn open(kept: Kept) -> Result<Self, Failure> {
        let StoreConfig::Sqlite(path) = &kept.store;
        let store = open(path)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let audit = Audit::open(&kept.audit, Arc::clone(&clock))
            .map_err(|error| Failure::failed(format!("cannot open the audit log: {error}")))?;
        Ok(Self {
            store: Arc::new(store),
            clock,
            kept,
            audit,
        })
    }

    /// Its keys.
    pub(super) async fn keyring(&self) -> Result<Keyring, Failure> {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        Ok(Keyring::open(self.kept.keys.clone(), store, clock).await?)
    }

    /// Writes down what the operator did.
    pub(super) fn note(&self, event: &Event<'_>) {
        self.audit.note(&Event {
            why: Some(OPERATOR),
            ..event.clone()
        });
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The store of a server that has run: none is made here.
pub(super) fn open(path: &Path) -> Result<SqliteStore, Failure> {
    if !path.exists() {
        return Err(Failure::failed(format!("there is no store {}", path.display()))
            .with_hint("Name the server's own with --config FILE or --store sqlite:/path; its first start makes it"));
    }
    Ok(SqliteStore::open(path)?)
}

/// Asks. Whoever leaves is not refused but has cancelled; where nobody can be asked, nobody has agreed.
pub(super) fn confirm(question: &str) -> Result<(), Failure> {
    const UNASKED: &str = "Add --yes to do it without a question";
    if !terminal::input_is_terminal() || !terminal::is_terminal() {
        return Err(Failure::usage("there is no terminal to ask on").with_hint(UNASKED));
    }
    match Confirm::new(question).with_default(false).prompt() {
        Ok(true) => Ok(()),
        Ok(false) | Err(InquireError::OperationCanceled | InquireError::OperationInterrupted) => {
            Err(Failure::cancelled())
        }
        Err(error) => {
            Err(Failure::failed(format!("nobody can be asked: {error}")).with_hint(UNASKED))
        }
    }
}

/// Rows under their heads, in columns.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let width = |text: &str| text.chars().count();
    let mut widths = heads.map(width);
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let mut text = String::new();
    let heads = heads.map(String::from);
    for row in std::iter::once(&heads).chain(rows) {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line: Vec<String> = cells.collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// `5 minutes ago`, `in 89 days`: one unit is enough to look at.
pub(super) fn when(at: Timestamp, now: Timestamp) -> String {
    let distance = at.duration_since(now);
    let spelled = |distance: Duration| {
        let spelled = oarlock::duration::spell(distance);
        let mut words = spelled.split(' ');
        [words.next(), words.next()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    };
    match Duration::try_from(distance) {
        Ok(distance) if distance.as_secs() > 0 => format!("in {}", spelled(distance)),
        _ => match distance.unsigned_abs().as_secs() {
            0 => "now".into(),
            seconds => format!("{} ago", spelled(Duration::from_secs(seconds))),
        },
    }
}

/// A time for machines: RFC 3339, UTC.
pub(super) fn stamp(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// Says that a list was cut, to whoever reads.
pub(super) fn say_more(limit: u32) {
    crate::output::notice(&format!(
        "There are more than {limit}; --limit N shows more."
    ));
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::passing(error.to_string()),
            _ => Self::failed(error.to_string()),
        }
    }
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Store(error) => error.into(),
            error => Self::failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [
            ["a".into(), "some words".into()],
            ["äöü".into(), String::new()],
        ];
        assert_eq!(
            table(["ID", "NAME"], &rows),
            "ID   NAME\na    some words\näöü\n"
        );
    }

    #[test]
    fn times_are_said_from_now() {
        let now: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        for (at, said) in [
            ("2026-03-04T12:00:00Z", "now"),
            ("2026-03-04T11:59:00Z", "1 minute ago"),
            ("2026-03-04T09:30:00Z", "2 hours ago"),
            ("2026-06-01T12:00:00Z", "in 89 days"),
            ("2026-03-04T12:00:00.4Z", "now"),
        ] {
            assert_eq!(when(at.parse().unwrap(), now), said);
        }
        assert_eq!(
            stamp("2026-03-04T12:00:00.5Z".parse().unwrap()),
            "2026-03-04T12:00:00Z"
        );
    }
}
