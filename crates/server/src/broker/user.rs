//! People who signed in.

use oarlock_oauth::{Timestamp, text::Untrusted};

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

/// What a provider says of a person. A stranger's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<Untrusted>,
    /// The account's name there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub username: Option<Untrusted>,
    /// An address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<Untrusted>,
    /// Whether the provider says that the address is theirs.
    #[serde(default)]
    pub email_verified: bool,
}

/// Who came back from a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Name of the upstream.
    pub provider: String,
    /// Who it is there; never empty.
    pub subject: String,
    /// What it says of them.
    pub profile: Profile,
}

impl User {
    /// What people call them: address, else account name, else name, else the subject.
    pub fn display_name(&self) -> Untrusted {
        let Profile {
            name,
            username,
            email,
            ..
        } = &self.profile;
        [email, username, name]
            .into_iter()
            .flatten()
            .next()
            .cloned()
            .unwrap_or_else(|| Untrusted::new(self.subject.clone()))
    }
}
