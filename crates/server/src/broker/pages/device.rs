//! What a person is told of a device's code.

use super::{Device, DeviceProblem, span::span};

impl Device<'_> {
    /// Whether the address brought a code that nobody has looked at yet.
    pub(super) fn is_prefilled(&self) -> bool {
        self.user_code.is_some() && self.problem.is_none()
    }
}

impl DeviceProblem {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Nothing => "Nothing waits for this code. Look at it again: it may be mistyped, or it has expired and your device shows a new one.".to_owned(),
            Self::TooMany(wait) => format!("Too many tries. Wait {}, then try again.", span(*wait)),
        }
    }
}
