//! What a person is told of a session.

use oarlock_oauth::text::Untrusted;

use super::{Listed, Sessions, asker::named, span};
use crate::broker::session::SessionKind;

impl Sessions<'_> {
    pub(super) fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.is_this)
    }
}

impl Listed {
    pub(super) fn title(&self) -> Untrusted {
        named(self.program.as_ref(), self.what())
    }

    /// What stands before its address: what it is, unless the title says so already.
    pub(super) fn comes(&self) -> String {
        if self.title().raw() == self.what() {
            "From".to_owned()
        } else {
            format!("{}, from", self.what())
        }
    }

    fn what(&self) -> &'static str {
        match self.kind {
            SessionKind::Browser => "Browser",
            SessionKind::Client => "Program",
            SessionKind::Pairing => "Paired program",
        }
    }

    pub(super) fn began(&self) -> String {
        span::ago(self.age)
    }

    pub(super) fn used(&self) -> String {
        span::ago(self.idle)
    }

    pub(super) fn shown_scopes(&self) -> impl Iterator<Item = Untrusted> {
        self.scopes
            .iter()
            .map(|scope| Untrusted::new(scope.as_str()))
    }
}
