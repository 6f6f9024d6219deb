//! Who comes back from a provider.

use oarlock_oauth::text::Untrusted;

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

impl Person {
    /// What people call them: address, else account name, else name, else the subject.
    pub fn display_name(&self) -> Untrusted {
        self.profile.name_or(&self.subject)
    }
}

impl Profile {
    /// What people call them; where the provider says nothing, this.
    pub(crate) fn name_or(&self, subject: &str) -> Untrusted {
        [&self.email, &self.username, &self.name]
            .into_iter()
            .flatten()
            .next()
            .cloned()
            .unwrap_or_else(|| Untrusted::new(subject))
    }
}
