//! What a person is told of who asks.

use oarlock_oauth::text::Untrusted;

use super::{Asker, Place, SignIn, Standing, span};
use crate::broker::upstream::Choice;
use crate::page::Tone;

impl Asker {
    /// Whether this server itself asks, for its own pages.
    pub(super) fn is_ours(&self) -> bool {
        self.program.is_none() && self.place == Place::Here
    }

    pub(super) fn name(&self) -> Untrusted {
        let otherwise = match self.standing {
            Standing::Unnamed => "A program in a terminal",
            Standing::Known | Standing::Borrowed | Standing::SelfNamed => {
                "A program without a name"
            }
        };
        named(self.program.as_ref(), otherwise)
    }

    /// Whether what it is called is meant as a name.
    pub(super) fn is_named(&self) -> bool {
        self.standing != Standing::Unnamed
    }

    pub(super) fn tone(&self) -> Tone {
        if self.is_ours() || self.is_from_here {
            Tone::Calm
        } else {
            Tone::Wait
        }
    }

    /// The code that the program surely shows too, to be compared above all.
    pub(super) fn shown_code(&self) -> Option<Untrusted> {
        self.code(true)
    }

    /// The code that most programs know nothing of.
    pub(super) fn quiet_code(&self) -> Option<Untrusted> {
        self.code(false)
    }

    /// It may be what somebody typed.
    fn code(&self, is_shown: bool) -> Option<Untrusted> {
        let comparison = self.comparison.as_ref();
        comparison
            .filter(|comparison| comparison.is_shown == is_shown)
            .map(|comparison| Untrusted::new(comparison.code.as_str()))
    }

    pub(super) fn asked(&self) -> String {
        span::ago(self.age)
    }

    /// What the scopes that everybody knows mean.
    pub(super) fn sentences(&self) -> impl Iterator<Item = &'static str> {
        self.scopes.iter().filter_map(|scope| sentence(scope.raw()))
    }

    /// The scopes that only the program and its server know.
    pub(super) fn other_scopes(&self) -> impl Iterator<Item = &Untrusted> {
        self.scopes
            .iter()
            .filter(|scope| sentence(scope.raw()).is_none())
    }

    pub(super) fn has_other_scopes(&self) -> bool {
        self.other_scopes().next().is_some()
    }

    /// Our words, then theirs.
    pub(super) fn goes_to(&self) -> Option<(&'static str, Option<Untrusted>)> {
        Some(match &self.place {
            Place::ThisComputer => ("a program on this computer", None),
            Place::Site(host) => ("the site ", Some(Untrusted::new(host.as_str()))),
            Place::Application(scheme) => (
                "the application for ",
                Some(Untrusted::new(format!("{scheme}:"))),
            ),
            Place::CodePage => ("a page here, as a code to be pasted", None),
            Place::Elsewhere => ("the terminal or device that waits", None),
            Place::Here => return None,
        })
    }
}

impl SignIn<'_> {
    /// Whether this is all a person can choose.
    pub(super) fn is_only(&self, choice: &Choice) -> bool {
        self.signed_in.is_none() && self.choices.as_slice() == [choice.clone()]
    }
}

/// What there is to see of a name, or ours for none.
pub(super) fn named(name: Option<&Untrusted>, otherwise: &str) -> Untrusted {
    // U+2800 is Braille without a dot: as empty as a space.
    let is_empty = |name: &Untrusted| {
        name.raw()
            .chars()
            .all(|c| c.is_whitespace() || c == '\u{2800}')
    };
    match name {
        Some(name) if !is_empty(name) => name.clone(),
        _ => Untrusted::new(otherwise),
    }
}

fn sentence(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "openid" => "know which account is yours",
        "profile" => "see your name",
        "email" => "see your email address",
        "offline_access" => "stay signed in until you revoke it",
        _ => return None,
    })
}
