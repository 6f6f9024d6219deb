//! The desk where a login's one answer is handed in, by the browser or by pasting, and where browsers wait for the outcome.

use std::{
    mem,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::Response;
use oarlock_io::http_server::LoopbackRequest;
use oarlock_oauth::{
    authorization::{AuthorizationError, AuthorizationRequest, CodeGrant},
    secret::AuthorizationCode,
    text::Untrusted,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::callback::{self, Refusal, Verdict};
use crate::{
    error::{Error, ErrorKind},
    page::Page,
};

/// How long a browser is kept waiting for the outcome; then it is told to look at the program.
const PATIENCE: Duration = Duration::from_secs(8);
/// Refused requests that may wait to be told of; a page that floods us is not worth more.
const NOTICES: usize = 8;

/// The one answer: a grant, or the provider's refusal.
pub(super) type Answer = Result<CodeGrant, AuthorizationError>;

/// Takes exactly one answer and tells every browser that brought it the same outcome.
pub(super) struct Desk {
    authorization: AuthorizationRequest,
    provider: Untrusted,
    stage: Mutex<Stage>,
    refusals: mpsc::Sender<Refusal>,
    outcome: watch::Sender<Option<Page>>,
    visited: AtomicBool,
}

/// What the login gets from its desk.
pub(super) struct DeskOutput {
    /// The answer, once.
    pub(super) answer: oneshot::Receiver<Answer>,
    /// Requests that were no answer, for the person to know of.
    pub(super) refusals: mpsc::Receiver<Refusal>,
}

/// Open until the answer comes; there is no way back.
enum Stage {
    Open(oneshot::Sender<Answer>),
    /// What was taken, to know the same again: the code, or none for a refusal.
    Taken(Option<AuthorizationCode>),
}

impl Stage {
    /// Takes an answer, the first one only; `false` when it is another than the one that was taken.
    fn take(self, answer: Answer) -> (Self, bool) {
        let code = answer.as_ref().ok().map(|grant| grant.code.clone());
        match self {
            Self::Open(login) => {
                // A login that was dropped wants no answer any more; whoever waits is told so by the outcome.
                drop(login.send(answer));
                (Self::Taken(code), true)
            }
            Self::Taken(taken) => {
                let same = taken == code;
                (Self::Taken(taken), same)
            }
        }
    }
}

impl Desk {
    /// A desk for the answer to this request.
    pub(super) fn new(authorization: AuthorizationRequest, provider: &str) -> (Self, DeskOutput) {
        let (login, answer) = oneshot::channel();
        let (sender, refusals) = mpsc::channel(NOTICES);
        let desk = Self {
            authorization,
            provider: Untrusted::new(provider),
            stage: Mutex::new(Stage::Open(login)),
            refusals: sender,
            outcome: watch::Sender::new(None),
            visited: AtomicBool::new(false),
        };
        (desk, DeskOutput { answer, refusals })
    }

    /// The request whose answer is waited for.
    pub(super) fn authorization(&self) -> &AuthorizationRequest {
        &self.authorization
    }

    /// Hands in an answer; `false` when another one came first.
    pub(super) fn hand_in(&self, answer: Answer) -> bool {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, taken) = mem::replace(&mut *stage, Stage::Taken(None)).take(answer);
        *stage = next;
        taken
    }

    /// Answers a request to the redirect URI. The page comes when the login has ended, so that it never lies.
    pub(super) async fn receive(
        &self,
        request: LoopbackRequest,
        port: u16,
        path: &str,
    ) -> Response<String> {
        match callback::judge(&request, &self.authorization, port, path) {
            Verdict::Foreign(refusal) => self.refuse(&request, refusal),
            Verdict::Answer(answer) => {
                if self.hand_in(answer) {
                    self.outcome().await.response()
                } else {
                    self.refuse(&request, Refusal::Answered)
                }
            }
        }
    }

    fn refuse(&self, request: &LoopbackRequest, refusal: Refusal) -> Response<String> {
        let page = Page::Foreign {
            status: refusal.status(),
            reason: Untrusted::new(refusal.to_string()),
        };
        // Browsers ask for icons and the like; only what carries something may have been meant as an answer.
        if request.query.is_some() || !request.body.is_empty() {
            // Full: enough of them wait to be told of.
            drop(self.refusals.try_send(refusal));
        }
        page.response()
    }

    async fn outcome(&self) -> Page {
        self.visited.store(true, Ordering::Relaxed);
        let mut outcome = self.outcome.subscribe();
        let settled = tokio::time::timeout(PATIENCE, outcome.wait_for(Option::is_some)).await;
        match settled {
            Ok(Ok(page)) => page.clone(),
            // Late, which is no failure: the program says how it ends.
            Ok(Err(_)) | Err(_) => None,
        }
        .unwrap_or_else(|| Page::Received {
            provider: self.provider.clone(),
        })
    }

    /// Whether a browser brought an answer.
    pub(super) fn has_visitors(&self) -> bool {
        self.visited.load(Ordering::Relaxed)
    }

    /// Says how the login ended, to the browsers that wait and to those that come again.
    pub(super) fn settle<T>(&self, result: &Result<T, Error>) {
        let page = match result {
            Ok(_) => Page::LoggedIn {
                provider: self.provider.clone(),
            },
            Err(error) if error.kind() == ErrorKind::Denied => Page::Denied {
                provider: self.provider.clone(),
                description: description(error),
            },
            Err(error) => Page::Failed {
                provider: self.provider.clone(),
                reason: Untrusted::new(error.to_string()),
            },
        };
        self.outcome.send_replace(Some(page));
    }
}

fn description(error: &Error) -> Option<Untrusted> {
    match error {
        Error::Authorization(AuthorizationError::Refused(response)) => response.description.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
