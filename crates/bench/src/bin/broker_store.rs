//! One insert and one take, through the broker's store and as the engine alone does them, in turns inside one process.
//!
//! Prints one line for each round: pairs a second and microseconds of processor time for each pair, of ours one at a time, of ours 64 at
//! once, of the engine; between tabs.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::{error::Error, path::Path, sync::Arc, time::Instant};

use oarlock_oauth::{Timestamp, authorization_server::paircode::PaircodeDigest};
use oarlock_server::broker::{
    digest::Digest,
    id::LoginId,
    login::{AtUpstream, Stage},
    request::{Asked, LoginRequest},
    store::{Begun, NewLogin, Store, Taken, sqlite::SqliteStore},
};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::task::JoinSet;

type Fault = Box<dyn Error + Send + Sync>;

const AT_ONCE: usize = 64;
/// As much as the broker seals for the way back.
const SEALED: usize = 300;
const NOW: i64 = 1_800_000_000;

fn main() -> Result<(), Fault> {
    let usage = "usage: broker_store FOLDER ROUNDS PAIRS";
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or(usage)?;
    let rounds: usize = arguments.next().ok_or(usage)?.parse()?;
    let pairs: usize = arguments.next().ok_or(usage)?.parse()?;
    let folder = Path::new(&folder);
    let ours = Arc::new(SqliteStore::open(&folder.join("ours.db"))?);
    let engine = engine(&folder.join("engine.db"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    for round in 0..rounds {
        let first = round * 2 * pairs;
        let one = rate(pairs, || {
            runtime.block_on(take_all(&*ours, first..first + pairs))
        })?;
        let first = first + pairs;
        let many = rate(pairs, || {
            runtime.block_on(at_once(&ours, first..first + pairs))
        })?;
        let least = rate(pairs, || engine_pairs(&engine, pairs))?;
        println!("{one}\t{many}\t{least}");
    }
    Ok(())
}

/// Pairs a second, and what each took of a processor.
fn rate(pairs: usize, work: impl FnOnce() -> Result<(), Fault>) -> Result<String, Fault> {
    let (began, busy) = (Instant::now(), busy()?);
    work()?;
    let (took, busy) = (began.elapsed().as_secs_f64(), self::busy()? - busy);
    let pairs = pairs as f64;
    Ok(format!("{:.0}\t{:.1}", pairs / took, busy * 1e6 / pairs))
}

/// Seconds that this process was on a processor: fields 14 and 15 of its `stat`.
fn busy() -> Result<f64, Fault> {
    let line = std::fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = line.rsplit_once(") ").ok_or("that is no stat")?;
    let ticks = |field: Option<&str>| field.and_then(|field| field.parse::<f64>().ok());
    let mut fields = rest.split(' ').skip(11);
    let (user, system) = (ticks(fields.next()), ticks(fields.next()));
    let (user, system) = user.zip(system).ok_or("that is no stat")?;
    Ok((user + system) / 100.0)
}

async fn at_once(store: &Arc<SqliteStore>, numbers: std::ops::Range<usize>) -> Result<(), Fault> {
    let mut workers = JoinSet::new();
    for worker in 0..AT_ONCE {
        let (store, numbers) = (Arc::clone(store), numbers.clone());
        let own = numbers.skip(worker).step_by(AT_ONCE);
        workers.spawn(async move { take_all(&*store, own).await });
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn take_all(store: &dyn Store, numbers: impl Iterator<Item = usize>) -> Result<(), Fault> {
    let now = Timestamp::from_second(NOW)?;
    for number in numbers {
        let (state, browser) = (digest(number, 1), digest(number, 2));
        if store.begin(login(number)?).await? != Begun::Yes {
            return Err("a login was not put in".into());
        }
        match store.take_callback(state, browser, now).await? {
            Taken::Now(login) if login.id == LoginId::known(number.to_string()) => {}
            _ => return Err("a login was not taken".into()),
        }
    }
    Ok(())
}

/// A pairing at its provider.
fn login(number: usize) -> Result<NewLogin, Fault> {
    Ok(NewLogin {
        id: LoginId::known(number.to_string()),
        request: LoginRequest {
            asked: Asked::Pairing(PaircodeDigest(digest(number, 3).0)),
            at: Timestamp::from_second(NOW)?,
            from: [127, 0, 0, 1].into(),
        },
        stage: Stage::Upstream(AtUpstream {
            upstream: "plain".to_owned(),
            state: digest(number, 1),
            sealed: vec![b'.'; SEALED],
        }),
        browser: Some(digest(number, 2)),
        device: None,
        expires_at: Timestamp::from_second(NOW + 600)?,
        most: 100_000_000,
    })
}

/// Spread as digests are: what lies beside each other would be too easy for an index.
fn digest(number: usize, what: u64) -> Digest {
    let mut word = (number as u64).wrapping_mul(4).wrapping_add(what);
    let mut bytes = [0; 32];
    for eight in bytes.chunks_exact_mut(8) {
        // One step of SplitMix64.
        word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        eight.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
    }
    Digest(bytes)
}

/// The same durability: write-ahead log, `synchronous` normal.
fn engine(path: &Path) -> Result<Connection, Fault> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.execute_batch(
        "CREATE TABLE logins (state BLOB PRIMARY KEY, browser BLOB, value BLOB, expires_at INTEGER) WITHOUT ROWID",
    )?;
    Ok(connection)
}

/// A transaction for each statement, one thread, nothing else.
fn engine_pairs(connection: &Connection, pairs: usize) -> Result<(), Fault> {
    let mut insert = connection.prepare("INSERT INTO logins VALUES (?1, ?2, ?3, ?4)")?;
    let mut take = connection.prepare(
        "DELETE FROM logins WHERE state = ?1 AND browser = ?2 AND expires_at > ?3 RETURNING value",
    )?;
    let value = vec![b'.'; SEALED];
    for number in 0..pairs {
        let (state, browser) = (digest(number, 1).0, digest(number, 2).0);
        insert.execute(params![state, browser, value, NOW + 600])?;
        let taken: Option<Vec<u8>> = take
            .query_row(params![state, browser, NOW], |row| row.get(0))
            .optional()?;
        if taken.as_ref() != Some(&value) {
            return Err("the engine did not give back what it got".into());
        }
    }
    Ok(())
}
