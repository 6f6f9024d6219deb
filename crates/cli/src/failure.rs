//! How a command ends badly: one message, one hint, one exit code.

use std::process::ExitCode;

use oarlock::{Error, ErrorKind};

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A wrong command line that clap cannot see.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Usage,
            message: message.into(),
            hint: None,
        }
    }

    /// Something that will not work by trying again.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Failed,
            message: message.into(),
            hint: None,
        }
    }

    /// Something that may work in a while.
    pub(crate) fn passing(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Network,
            message: message.into(),
            hint: None,
        }
    }

    /// The person or the provider said no.
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Denied,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn cancelled() -> Self {
        Error::Cancelled.into()
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether a credential could not be read or written.
    pub(crate) fn is_of_the_store(&self) -> bool {
        self.kind == ErrorKind::Store
    }

    /// Whether the person ended it.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.kind == ErrorKind::Cancelled
    }

    /// What happened.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(code(self.kind))
    }
}

/// The table of exit codes; each kind has one.
pub(crate) fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => 2,
        ErrorKind::Network => 3,
        ErrorKind::LoginRequired => 4,
        ErrorKind::Denied => 5,
        ErrorKind::TimedOut => 6,
        ErrorKind::Store => 7,
        ErrorKind::Cancelled => 130,
        // `ErrorKind::Failed`, and kinds that a later library adds.
        _ => 1,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<oarlock::config::ConfigError> for Failure {
    fn from(error: oarlock::config::ConfigError) -> Self {
        Error::from(error).into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}
