//! Where the story is told, and where the login's own words are put into it.

use std::{
    future::ready,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use oarlock::{
    Interaction,
    interaction::{Event, PasteFuture},
};
use tokio::sync::watch;
use url::Url;

use crate::{failure::Failure, layout, output};

const INDENT: &str = "   ";

/// Writes the story to standard output.
#[derive(Default)]
pub(super) struct Stage {
    told: Mutex<Told>,
    invited: watch::Sender<Option<Invitation>>,
}

/// The login waits for somebody to go to its address.
#[derive(Clone, Debug)]
pub(super) struct Invitation {
    /// Where to.
    pub(super) url: Url,
    /// A browser was opened there.
    pub(super) opened: bool,
}

#[derive(Default)]
struct Told {
    steps: usize,
    url: Option<Url>,
    opened: bool,
    /// Of writing, told when somebody can be told.
    failure: Option<Failure>,
}

impl Stage {
    /// A sentence that belongs to no step.
    pub(super) fn say(&self, text: &str) {
        self.write(&layout::wrapped(text, "", layout::columns()));
    }

    /// An empty line.
    pub(super) fn space(&self) {
        self.write(&[String::new()]);
    }

    /// The next step.
    pub(super) fn step(&self, text: &str) {
        self.told().steps += 1;
        let number = self.told().steps;
        self.write(&[String::new()]);
        self.write(&layout::wrapped(
            &format!("{number}. {text}"),
            INDENT,
            layout::columns(),
        ));
    }

    /// More about the step.
    pub(super) fn add(&self, text: &str) {
        self.write(&layout::wrapped(
            &format!("{INDENT}{text}"),
            INDENT,
            layout::columns(),
        ));
    }

    /// Waits until the login invites somebody to its address.
    pub(super) async fn invitation(&self) -> Option<Invitation> {
        let mut invited = self.invited.subscribe();
        // The sender lives as long as this stage.
        invited.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// What went wrong while the story was told.
    pub(super) fn failure(&self) -> Result<(), Failure> {
        self.told().failure.take().map_or(Ok(()), Err)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, lines: &[String]) {
        for line in lines {
            if let Err(failure) = output::line(line) {
                self.told().failure.get_or_insert(failure);
            }
        }
    }
}

impl Interaction for Stage {
    fn notify(&self, event: &Event<'_>) {
        match event {
            Event::OpenUrl { url } => {
                self.told().url = Some((*url).clone());
                self.add("The address to open in a browser:");
                // Whole and unindented, so that it can be clicked and copied.
                self.write(&[String::new(), url.as_str().to_owned(), String::new()]);
            }
            Event::Compare { code } => {
                self.add(&format!(
                    "Compare: {code}. The page must show the same code."
                ));
            }
            Event::BrowserOpened => {
                self.told().opened = true;
                self.add("A browser was opened with it: see who asks, compare the code, and sign in as whoever you like.");
            }
            Event::BrowserFailed { reason } => {
                self.add(&format!("No browser could be opened ({reason})."))
            }
            Event::Waiting { .. } => {
                let told = self.told();
                let invitation = told.url.clone().map(|url| Invitation {
                    url,
                    opened: told.opened,
                });
                self.invited.send_replace(invitation);
            }
            Event::ForeignAnswer { reason } => self.add(&format!(
                "A request that is no answer was refused: {reason}."
            )),
            Event::Warning { message } => self.add(&format!("Warning: {message}.")),
            // Nothing else happens in this login.
            _ => {}
        }
    }

    fn paste(&self) -> PasteFuture<'_> {
        Box::pin(ready(Err(io::ErrorKind::UnexpectedEof.into())))
    }

    fn can_paste(&self) -> bool {
        false
    }
}
