//! The terminal where there are no terminal settings of Unix: the console's keys, as a terminal would send them.

use crossterm::{
    event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
    terminal,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

static RAW: AtomicBool = AtomicBool::new(false);

pub(super) fn columns() -> Option<usize> {
    terminal::size()
        .ok()
        .map(|(columns, _)| usize::from(columns))
}

pub(super) async fn foreground() {}

pub(super) fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    RAW.store(true, Ordering::SeqCst);
    Ok(())
}

pub(super) fn restore() {
    if RAW.swap(false, Ordering::SeqCst) {
        if super::ECHO.load(Ordering::SeqCst) > 0 {
            super::to_stderr("\n");
        }
        if let Err(error) = terminal::disable_raw_mode() {
            tracing::debug!(%error, "the console is gone");
        }
    }
}

/// Reads the console in a thread, and only as long as this lives.
pub(super) struct Keys {
    bytes: UnboundedReceiver<io::Result<Vec<u8>>>,
    ended: Arc<AtomicBool>,
}

impl Keys {
    pub(super) fn read() -> io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let (sender, bytes) = unbounded_channel();
        let end = Arc::clone(&ended);
        std::thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || copy(&end, &sender))?;
        Ok(Self { bytes, ended })
    }

    /// What was typed or pasted; empty at the end of input.
    pub(super) async fn next(&mut self) -> io::Result<Vec<u8>> {
        self.bytes.recv().await.unwrap_or(Ok(Vec::new()))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

fn copy(ended: &AtomicBool, sender: &UnboundedSender<io::Result<Vec<u8>>>) {
    while !ended.load(Ordering::SeqCst) {
        let key = match event::poll(Duration::from_millis(50)) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        let bytes = match key {
            Ok(event) => bytes_of(&event),
            Err(error) => return drop(sender.send(Err(error))),
        };
        if !bytes.is_empty() && sender.send(Ok(bytes)).is_err() {
            return;
        }
    }
}

fn bytes_of(event: &Event) -> Vec<u8> {
    let key = match event {
        Event::Paste(text) => return text.clone().into_bytes(),
        Event::Key(key) if key.kind != KeyEventKind::Release => key,
        _ => return Vec::new(),
    };
    let control = key.modifiers == KeyModifiers::CONTROL;
    match key.code {
        KeyCode::Char(character) if control => {
            let letter = character.to_ascii_uppercase();
            u8::try_from(letter).map_or(Vec::new(), |letter| vec![letter & 0x1f])
        }
        KeyCode::Char(character) => character.to_string().into_bytes(),
        KeyCode::Enter => vec![b'\r'],
        KeyCode::Backspace => vec![0x7f],
        KeyCode::Tab => vec![b'\t'],
        // Nothing follows it here: two decide at once.
        KeyCode::Esc => vec![0x1b, 0x1b],
        _ => Vec::new(),
    }
}
