//! Sign-ins under way: from the page until the person decides.
use std::collections::VecDeque;

/// What a page is about.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// An authorization request.
    Authorize(AuthorizationRequest),
    /// A device authorization, by its user code.
    Device(String),
}

/// A checked authorization request (RFC 6749, section 4.1.1).
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<String>,
}

/// One of them. It belongs to the browser that started it.
struct Interaction {
    id: String,
    browser: String,
    purpose: Purpose,
    outcome: Option<Outcome>,
}

/// How it ended; a second submit gets the same again.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Back to the client.
    Redirect(String),
    /// The page of a device that was allowed, or not.
    Device {
        /// The person said yes.
        allowed: bool,
    },
}

/// Sign-ins kept at once; the oldest make room.
const KEPT: usize = 1_000;

#[derive(Default)]
pub(crate) struct Interactions(VecDeque<Interaction>);

impl Interactions {
    pub(crate) fn begin(&mut self, id: String, browser: String, purpose: Purpose) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Interaction {
            id,
            browser,
            purpose,
            outcome: None,
        });
    }

    /// What the interaction is about and how it ended, if this browser started it.
    pub(crate) fn find(&self, id: &str, browser: &str) -> Option<(Purpose, Option<Outcome>)> {
        let interaction = self
            .0
            .iter()
            .find(|known| known.id == id && known.browser == browser)?;
        Some((interaction.purpose.clone(), interaction.outcome.clone()))
    }

    pub(crate) fn end(&mut self, id: &str, outcome: Outcome) {
        if let Some(interaction) = self.0.iter_mut().find(|known| known.id == id) {
            interaction.outcome = Some(outcome);
        }
    }
}
