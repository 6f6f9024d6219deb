//! People who signed in.

use oarlock_oauth::{Timestamp, text::Untrusted};

pub use crate::person::{Person, Profile};

use super::id::UserId;

/// A person as this server knows them: one row for each subject of a provider.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct User {
    /// `sub` of the tokens made here.
    pub id: UserId,
    /// Name of the upstream.
    pub provider: String,
    /// Who it is there.
    pub subject: String,
    /// What the provider said at the last login.
    pub profile: Profile,
    /// When they first came.
    pub first_login: Timestamp,
    /// When they last came.
    pub last_login: Timestamp,
}

impl User {
    /// What people call them: address, else account name, else name, else the subject.
    pub fn display_name(&self) -> Untrusted {
        self.profile.name_or(&self.subject)
    }
}
