//! The one thread that writes. It takes all verbs that wait, runs them in one transaction, and answers when that is committed.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{super::StoreError, logins};

/// So many verbs wait at most; who comes then is told to come back.
const WAITING: usize = 4096;
/// So many share one transaction at most.
const TOGETHER: usize = 256;

/// What a verb works with.
#[derive(Debug)]
pub(super) struct Work<'a> {
    /// Inside a transaction.
    pub(super) connection: &'a Connection,
    /// How many logins there are.
    pub(super) logins: u64,
}

/// The thread's address. Dropped, it waits until what was accepted is committed.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Verb>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let logins = logins::count(&connection)?;
        let (queue, verbs) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("oarlock-store".into())
            .spawn(move || run(&connection, logins, &verbs))
            .map_err(|error| {
                StoreError::Unavailable(format!("no thread to write with: {error}"))
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Has a verb done. Once it is accepted it is done, also when nobody waits for the answer any more.
    pub(super) async fn run<T, F>(&self, verb: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let verb = Box::new(Waiting {
            verb: Some(verb),
            outcome: None,
            reply,
        });
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        match queue.try_send(verb) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(ended())),
            Err(TrySendError::Full(_)) => Err(StoreError::Unavailable(
                "more waits to be written than can be".into(),
            )),
            Err(TrySendError::Disconnected(_)) => Err(ended()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to the store had ended before");
        }
    }
}

fn ended() -> StoreError {
    StoreError::Broken("the thread that writes has ended; start the server again".into())
}

/// A verb in the queue.
trait Verb: Send {
    /// Does it; the outcome is kept until it is committed. `Err`: what it wrote must be undone.
    fn work(&mut self, work: &mut Work<'_>) -> Result<(), StoreError>;
    /// Says the outcome, or why nothing was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<T, F> {
    verb: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Verb for Waiting<T, F>
where
    T: Send,
    F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send,
{
    fn work(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let verb = self.verb.take().ok_or_else(ended)?;
        // A panic here would be a fault of ours, and must not end the store for everybody.
        let outcome = catch_unwind(AssertUnwindSafe(|| verb(work)))
            .unwrap_or_else(|_| Err(StoreError::Broken("a fault in the program".into())));
        let failed = outcome.as_ref().err().cloned();
        self.outcome = Some(outcome);
        failed.map_or(Ok(()), Err)
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match (self.outcome, committed) {
            // Why it failed itself says more.
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(done)), Ok(())) => Ok(done),
            (None, Ok(())) => Err(ended()),
        };
        if self.reply.send(outcome).is_err() {
            tracing::trace!("nobody waits for the answer any more");
        }
    }
}

fn run(connection: &Connection, mut logins: u64, queue: &Receiver<Box<dyn Verb>>) {
    // `Err` once the store is dropped and the queue empty.
    while let Ok(first) = queue.recv() {
        let mut verbs = vec![first];
        verbs.extend(queue.try_iter().take(TOGETHER - 1));
        let mut work = Work { connection, logins };
        let committed = together(&mut work, &mut verbs);
        if committed.is_ok() {
            logins = work.logins;
        } else {
            undo(connection);
        }
        for verb in verbs {
            verb.answer(committed.clone());
        }
    }
}

/// One transaction; a savepoint for each verb in it, if there are several.
fn together(work: &mut Work<'_>, verbs: &mut [Box<dyn Verb>]) -> Result<(), StoreError> {
    say(work.connection, "BEGIN IMMEDIATE")?;
    if let [alone] = verbs {
        alone.work(work)?;
        return say(work.connection, "COMMIT");
    }
    for verb in verbs {
        let logins = work.logins;
        say(work.connection, "SAVEPOINT verb")?;
        if let Err(error) = verb.work(work) {
            work.logins = logins;
            // Some errors (a full disk, for one) end the whole transaction.
            if work.connection.is_autocommit() {
                return Err(error);
            }
            say(work.connection, "ROLLBACK TO verb")?;
        }
        say(work.connection, "RELEASE verb")?;
    }
    say(work.connection, "COMMIT")
}

fn undo(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = say(connection, "ROLLBACK")
    {
        tracing::error!(%error, "a transaction of the store cannot be undone");
    }
}

fn say(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
