//! What the pages say. "Authorization Complete" and "Authorization Failed" are quoted in other people's documents.

use std::fmt;

use super::Page;
use crate::outcome::Outcome;

const COMPLETE: &str = "Authorization Complete";
const FAILED: &str = "Authorization Failed";
const AGAIN: &str = "Go back to the program and start the login again.";

/// What one page says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// Colour and sign.
    pub(super) tone: Tone,
    /// Title and heading.
    pub(super) heading: &'static str,
    /// What happened.
    pub(super) said: &'static str,
    /// What to do.
    pub(super) next: &'static str,
}

/// Colour and sign of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    /// It may come right by waiting a little.
    Wait,
    Calm,
}

impl Tone {
    /// What a screen reader is told it is.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Good | Self::Calm => "status",
            Self::Bad | Self::Wait => "alert",
        }
    }
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Wait => "wait",
            Self::Calm => "calm",
        })
    }
}

impl Page {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::Callback(outcome) => of_callback(*outcome),
            Self::Unreadable | Self::TooSlow | Self::TooLarge => Words {
                tone: Tone::Bad,
                heading: FAILED,
                said: match self {
                    Self::TooSlow => "The provider's answer did not arrive whole.",
                    Self::TooLarge => "The provider's answer is too large.",
                    _ => "The provider's answer is damaged, or it can be read in two ways.",
                },
                next: AGAIN,
            },
            Self::TooMany => Words {
                tone: Tone::Wait,
                heading: FAILED,
                said: "Too many answers that no program waits for came from your network.",
                next: "Wait a minute. Then go back to the program and start the login again.",
            },
            Self::Prefetch => Words {
                tone: Tone::Wait,
                heading: FAILED,
                said: "Your browser asked for this page before you did, so nothing was handed over yet.",
                next: "Reload this page to finish.",
            },
            Self::Front | Self::NotFound | Self::Method { .. } | Self::Misdirected => {
                beside_the_callback(*self)
            }
        }
    }
}

fn of_callback(outcome: Outcome) -> Words {
    let (tone, heading, said, next) = match outcome {
        Outcome::Complete => (
            Tone::Good,
            COMPLETE,
            "Your program has received it and goes on by itself.",
            "You can safely close this tab now.",
        ),
        Outcome::Denied => (
            Tone::Bad,
            "Access denied",
            "The provider did not grant access, and your program has been told.",
            "You can close this tab. To try again, start the login again in the program.",
        ),
        Outcome::NobodyWaiting => (
            Tone::Bad,
            FAILED,
            "No program is waiting for this authorization.",
            "Go back to the program and start the login again. Leave it running until this page says that it is complete.",
        ),
        // Most who see this have reloaded the page that said "complete".
        Outcome::AlreadyDelivered => (
            Tone::Calm,
            FAILED,
            "This authorization was already handed over, and that happens only once.",
            "If the program is logged in, all is well, and you can close this tab. Otherwise start the login again there.",
        ),
        Outcome::Unconfirmed => (
            Tone::Bad,
            FAILED,
            "The program did not confirm that it has received the authorization.",
            "Look at the program. Unless it says that you are logged in, start the login again there.",
        ),
        Outcome::Rejected => (
            Tone::Bad,
            FAILED,
            "The program received the authorization and refused it.",
            "Go back to the program: it can say why. Then start the login again there.",
        ),
        Outcome::Stopping => (
            Tone::Wait,
            FAILED,
            "The relay is being restarted, so nothing was handed over yet.",
            "Wait a few seconds and reload this page. If that does not help, start the login again in the program.",
        ),
    };
    Words {
        tone,
        heading,
        said,
        next,
    }
}

fn beside_the_callback(page: Page) -> Words {
    let (heading, said, next) = match page {
        Page::Front => (
            "Oarlock relay",
            "When you log a program in, the provider's answer arrives at this address, and the program that waits for it gets it.",
            "There is nothing to do here. If you are logging in, go back to the program.",
        ),
        Page::Method { .. } => (
            "This cannot be done here",
            "This address does not answer requests of this kind.",
            "If you were logging in, go back to the program and start the login again.",
        ),
        Page::Misdirected => (
            "Wrong address",
            "This relay does not serve the name by which you asked for it.",
            "If you run it, add the name to its allowed hosts. If you were logging in, go back to the program.",
        ),
        _ => (
            "There is nothing here",
            "No page has this address.",
            "If you were logging in, go back to the program and use the address that it shows.",
        ),
    };
    Words {
        tone: Tone::Calm,
        heading,
        said,
        next,
    }
}
