//! The terminal: notices on standard error, the result on standard output, and pasted input without
//! the 4,096-byte limit of line mode.

mod decoder;
mod piped;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(not(unix))]
use windows as platform;

use decoder::{Decoder, Outcome};
use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// The longest text that is read, in bytes.
const MAX_INPUT: usize = 64 * 1024;

/// After an Escape, how long the rest of an escape sequence may take (slow connections split them).
const ESCAPE_DELAY: Duration = Duration::from_millis(100);

/// When this long nothing more comes after the end of the text, a paste of several lines is over.
const SILENCE: Duration = Duration::from_millis(30);

/// Marks of the echo on the current line of the terminal, so that a notice can be written above it.
static ECHO: AtomicUsize = AtomicUsize::new(0);

/// Whether standard error is a terminal.
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether standard input is a terminal.
pub fn input_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Columns of the terminal, 80 when unknown.
pub fn width() -> usize {
    match platform::columns() {
        Some(columns) if columns > 0 => columns,
        _ => 80,
    }
}

/// Writes a line to standard error; nobody reading it is not an error.
///
/// Safe at any time, also while [`read_pasted`] waits: the echo moves below the line.
pub fn notice(line: &str) {
    let echo = ECHO.load(Ordering::SeqCst);
    let text = if echo > 0 {
        format!("\r\x1b[K{line}\n{}", "•".repeat(echo))
    } else {
        format!("{line}\n")
    };
    to_stderr(&text);
}

/// Writes to standard output, all of it. When nobody reads it any more (a closed pipe), that is not an error.
///
/// # Errors
/// It cannot be written: a full disk, for example.
pub fn output(text: &str) -> io::Result<()> {
    output_bytes(text.as_bytes()).map(drop)
}

/// The same for bytes; `false` when nobody reads any more, so that a stream can stop.
///
/// # Errors
/// As of [`output`].
pub fn output_bytes(bytes: &[u8]) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads one pasted text, at most 64 KiB.
///
/// From a terminal: with echo and line mode off, so that the text may be longer than a line of the
/// terminal driver, and is not shown (a `•` for each 16 characters is). Enter ends it, and so does a
/// paste that ends with a line break; Backspace and Ctrl-U correct it. What follows the end in the
/// same paste is thrown away, and does not reach the shell. A process in the background waits until
/// it is in the foreground.
///
/// Otherwise: the first line of standard input that is not empty.
///
/// Dropping the future restores the terminal.
///
/// # Errors
/// `Interrupted` for Ctrl-C and Esc; `UnexpectedEof` when input ends; `InvalidData` for a longer text.
pub async fn read_pasted() -> io::Result<String> {
    if input_is_terminal() {
        from_terminal().await
    } else {
        piped::read().await
    }
}

/// Puts the terminal back as it was, for a program that is about to exit while [`read_pasted`] waits.
pub fn restore() {
    platform::restore();
    ECHO.store(0, Ordering::SeqCst);
}

/// Restores the terminal on drop.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        restore();
    }
}

async fn from_terminal() -> io::Result<String> {
    platform::foreground().await;
    platform::enter()?;
    let restore = Restore;
    let mut keys = platform::Keys::read()?;
    let mut decoder = Decoder::new(MAX_INPUT);
    let outcome = loop {
        let bytes = if decoder.is_undecided() {
            match tokio::time::timeout(ESCAPE_DELAY, keys.next()).await {
                Ok(bytes) => bytes?,
                Err(_) => break Outcome::Cancelled,
            }
        } else {
            keys.next().await?
        };
        if bytes.is_empty() {
            break Outcome::Ended;
        }
        if let Some(outcome) = decoder.feed(&bytes) {
            break outcome;
        }
        show(decoder.len() / 16);
    };
    if matches!(outcome, Outcome::Text(_) | Outcome::TooLong) {
        drain(&mut keys).await;
    }
    // First stop reading, then restore.
    drop(keys);
    drop(restore);
    outcome.into_result(MAX_INPUT)
}

/// Takes the rest of a paste of several lines, so that no shell runs it.
async fn drain(keys: &mut platform::Keys) {
    for _ in 0..10_000 {
        match tokio::time::timeout(SILENCE, keys.next()).await {
            Ok(Ok(bytes)) if !bytes.is_empty() => {}
            _ => break,
        }
    }
}

/// Shows that something arrived, not what.
fn show(marks: usize) {
    let marks = marks.min(width() / 2);
    let before = ECHO.load(Ordering::SeqCst);
    if marks == before || !is_terminal() {
        return;
    }
    ECHO.store(marks, Ordering::SeqCst);
    to_stderr(&format!("\r\x1b[K{}", "•".repeat(marks)));
}

fn to_stderr(text: &str) {
    let mut stderr = io::stderr().lock();
    if stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush())
        .is_err()
    {
        // There is nobody left to tell.
    }
}
