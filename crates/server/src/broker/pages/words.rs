//! What the notices say.

use std::borrow::Cow;

use oarlock_oauth::text::Untrusted;

use super::{Notice, span::span};
use crate::page::Tone;

const AGAIN: &str = "Go back to the program and start the login again.";

/// What one notice says.
#[derive(Debug)]
pub(super) struct Words {
    /// Colour and sign.
    pub(super) tone: Tone,
    /// Title and heading.
    pub(super) heading: &'static str,
    /// What happened.
    pub(super) said: Cow<'static, str>,
    /// What to do.
    pub(super) next: Cow<'static, str>,
    /// Whether to lead to the other pages.
    pub(super) has_links: bool,
}

impl Notice<'_> {
    pub(super) fn words(&self) -> Words {
        let (tone, heading, said, next) = match self {
            Self::Done
            | Self::Denied
            | Self::SignedOut
            | Self::Front
            | Self::Expired
            | Self::NoCookies
            | Self::Forged => self.of_the_browser(),
            Self::ProviderDenied
            | Self::NotAllowed
            | Self::ProviderUnavailable
            | Self::ProviderRefused
            | Self::Interrupted => self.of_the_provider(),
            Self::BadRequest(why) => {
                return Words {
                    tone: Tone::Bad,
                    heading: "This cannot be done",
                    said: sentence(why).into(),
                    next: "Nothing was done. Go back to the program that sent you here; if this happens again, tell who makes it.".into(),
                    has_links: false,
                };
            }
            Self::TooMany(_) | Self::Full(_) | Self::Unavailable => return self.of_the_load(),
        };
        Words {
            tone,
            heading,
            said: said.into(),
            next: next.into(),
            has_links: *self == Self::Front,
        }
    }

    fn of_the_browser(&self) -> (Tone, &'static str, &'static str, &'static str) {
        match self {
            Self::Done => (
                Tone::Good,
                "You are signed in",
                "The program has its login, or fetches it in a moment.",
                "You can close this tab and go back to the program.",
            ),
            Self::Denied => (
                Tone::Calm,
                "Nothing was allowed",
                "You said no, and the program gets nothing.",
                "You can close this tab.",
            ),
            Self::SignedOut => (
                Tone::Good,
                "You are signed out",
                "This browser is no longer signed in here. Your programs stay signed in.",
                "You can close this tab.",
            ),
            Self::NoCookies => (
                Tone::Bad,
                "Your browser sends no cookies",
                "This server needs one, to know that whoever ends a login here has begun it too.",
                "Allow cookies for this address. Then start the login again in the program.",
            ),
            Self::Forged => (
                Tone::Bad,
                "This page is out of date",
                "What you sent belongs to an older page or to another browser, so nothing was done.",
                "Go back, reload the page, and try again.",
            ),
            Self::Front => (
                Tone::Calm,
                "Programs sign in here",
                "When a program needs to know who you are, it sends your browser to this address.",
                "There is nothing to do unless a program asked you to come.",
            ),
            _ => (
                Tone::Calm,
                "This login is over",
                "It has expired, it is done already, or it began in another browser.",
                "If the program is signed in, all is well. Otherwise start the login again there, and finish it in one browser.",
            ),
        }
    }

    fn of_the_provider(&self) -> (Tone, &'static str, &'static str, &'static str) {
        match self {
            Self::ProviderDenied => (
                Tone::Bad,
                "Your provider said no",
                "It did not let you sign in, or you cancelled there.",
                "You can close this tab. To try again, start the login again in the program.",
            ),
            Self::NotAllowed => (
                Tone::Bad,
                "This account may not sign in here",
                "Your provider knows you, but this server does not let this account in.",
                "Start the login again and take another account, or ask whoever runs this server.",
            ),
            Self::ProviderUnavailable => (
                Tone::Wait,
                "Your provider does not answer",
                "It could not be asked who you are, so you are not signed in.",
                "Wait a moment. Then go back to the program and start the login again.",
            ),
            Self::Interrupted => (
                Tone::Wait,
                "This login was interrupted",
                "It ended before this server could tell who you are.",
                AGAIN,
            ),
            _ => (
                Tone::Bad,
                "Your provider’s answer is refused",
                "It does not prove who you are, so you are not signed in.",
                "Start the login again in the program. If this happens again, tell whoever runs this server.",
            ),
        }
    }

    fn of_the_load(&self) -> Words {
        let (heading, said, next): (_, &str, Cow<'static, str>) = match self {
            Self::TooMany(wait) => (
                "Too many requests",
                "Too many came from your network, so this one was not looked at.",
                format!("Wait {}. Then try again.", span(*wait)).into(),
            ),
            Self::Full(wait) => (
                "Too many logins at once",
                "As many are under way as this server, or your provider, can take.",
                format!(
                    "Wait {}. Then go back to the program and start the login again.",
                    span(*wait)
                )
                .into(),
            ),
            _ => (
                "Not possible right now",
                "This server cannot reach its store.",
                "Wait a few seconds and reload this page.".into(),
            ),
        };
        Words {
            tone: Tone::Wait,
            heading,
            said: said.into(),
            next,
            has_links: false,
        }
    }
}

/// With a capital letter and a full stop.
fn sentence(why: &str) -> String {
    let mut characters = why.trim_end_matches('.').chars();
    let first = characters.next().map(char::to_uppercase);
    let text: String = first.into_iter().flatten().chain(characters).collect();
    format!("{}.", Untrusted::new(text))
}
