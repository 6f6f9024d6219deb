//! The person pastes what the browser ends at.

use std::io;

use oarlock_oauth::{
    authorization::AuthorizationError,
    pasted::{self, PastedError},
};

use super::{LoginContext, desk::Desk, unavailable};
use crate::{
    error::Error,
    interaction::{Event, Interaction},
};

/// Tries a person has. Guessing is not the danger here, an endless loop is.
const TRIES: usize = 5;
/// Times Enter may be pressed on nothing.
const EMPTY_TRIES: usize = 100;

/// How reading ended without an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// An answer was handed in.
    HandedIn,
    /// There is nothing to read any more.
    Ended,
    /// Nothing that was pasted served.
    GaveUp(PastedError),
}

/// Reads until something serves and hands it in at the desk.
///
/// Dropping the future gives the terminal back.
pub(super) async fn read(interaction: &dyn Interaction, desk: &Desk) -> Result<Reading, Error> {
    // What comes from a file or pipe comes once.
    let (tries, empty_tries) = if interaction.can_paste() {
        (TRIES, EMPTY_TRIES)
    } else {
        (1, 1)
    };
    let (mut refused, mut empty) = (0, 0);
    loop {
        let text = match interaction.paste().await {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Err(Error::Cancelled);
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(Reading::Ended);
            }
            Err(source) => {
                return Err(Error::Io {
                    action: "read what is pasted",
                    source,
                });
            }
        };
        let error = match pasted::read(desk.authorization(), &text) {
            Ok(grant) => {
                desk.hand_in(Ok(grant));
                return Ok(Reading::HandedIn);
            }
            // The state was right: this is the provider's last word.
            Err(PastedError::Refused(
                error @ (AuthorizationError::Refused(_) | AuthorizationError::WrongIssuer),
            )) => {
                desk.hand_in(Err(error));
                return Ok(Reading::HandedIn);
            }
            Err(PastedError::Empty) if empty + 1 < empty_tries => {
                empty += 1;
                continue;
            }
            Err(error) => error,
        };
        refused += 1;
        if refused >= tries || error == PastedError::Empty {
            return Ok(Reading::GaveUp(error));
        }
        interaction.notify(&Event::PasteRefused {
            reason: &error.to_string(),
        });
    }
}

/// Waits for a paste where nothing else can bring the answer.
pub(super) async fn only(context: &LoginContext<'_>, desk: &Desk) -> Result<(), Error> {
    match read(context.interaction, desk).await? {
        Reading::HandedIn => Ok(()),
        Reading::Ended => Err(unavailable(
            context,
            "paste",
            "there is no input to paste into",
        )),
        Reading::GaveUp(error) => Err(error.into()),
    }
}

/// Waits for a paste beside a listener: when pasting leads nowhere, the browser can still bring the answer.
pub(super) async fn beside(interaction: &dyn Interaction, desk: &Desk) -> Result<(), Error> {
    match read(interaction, desk).await? {
        Reading::HandedIn | Reading::Ended => {}
        Reading::GaveUp(error) => interaction.notify(&Event::Warning {
            message: &format!("{error}. Pasting is over; the browser's answer is still waited for"),
        }),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
