//! Digests: what is kept of a secret.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

/// What a secret is for. Part of its digest, so that one secret is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An authorization code.
    Code,
    /// A device code.
    Device,
    /// A user code.
    UserCode,
    /// `state` of an upstream login.
    UpstreamState,
    /// The cookie that ties a login to the browser that started it.
    BrowserCookie,
    /// The cookie of a signed-in browser or program.
    SessionCookie,
    /// The first half of a refresh token: which family.
    RefreshFamily,
    /// The second half: which of the family.
    RefreshSecret,
    /// A client secret.
    ClientSecret,
    /// An initial access token for registration.
    InitialAccessToken,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Device => "device",
            Self::UserCode => "user code",
            Self::UpstreamState => "upstream state",
            Self::BrowserCookie => "browser cookie",
            Self::SessionCookie => "session cookie",
            Self::RefreshFamily => "refresh family",
            Self::RefreshSecret => "refresh secret",
            Self::ClientSecret => "client secret",
            Self::InitialAccessToken => "initial access token",
        }
    }
}

/// SHA-256 of a purpose and a secret. Secrets here have 128 random bits or more (a user code: a short life and few tries), so no salt is needed.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a secret for a purpose.
    pub fn of(purpose: Purpose, secret: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(purpose.label().as_bytes());
        context.update(&[0]);
        context.update(secret.as_bytes());
        let mut bytes = [0; 32];
        for (byte, digested) in bytes.iter_mut().zip(context.finish().as_ref()) {
            *byte = *digested;
        }
        Self(bytes)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "Digest({first:02x}{second:02x}…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const PURPOSES: [Purpose; 10] = [
        Purpose::Code,
        Purpose::Device,
        Purpose::UserCode,
        Purpose::UpstreamState,
        Purpose::BrowserCookie,
        Purpose::SessionCookie,
        Purpose::RefreshFamily,
        Purpose::RefreshSecret,
        Purpose::ClientSecret,
        Purpose::InitialAccessToken,
    ];

    #[test]
    fn a_secret_has_another_digest_for_each_purpose() {
        let digests: HashSet<Digest> = PURPOSES
            .into_iter()
            .map(|purpose| Digest::of(purpose, "secret"))
            .collect();
        assert_eq!(digests.len(), PURPOSES.len());
        // No purpose runs into its secret.
        assert_ne!(
            Digest::of(Purpose::RefreshFamily, ""),
            Digest::of(Purpose::RefreshFamily, "\0")
        );
    }

    #[test]
    fn a_digest_is_sha_256_of_purpose_and_secret_as_the_store_has_it() {
        // printf 'client secret\0canary' | sha256sum
        let expected = aws_lc_rs::digest::digest(&SHA256, b"client secret\0canary");
        assert_eq!(
            Digest::of(Purpose::ClientSecret, "canary").0,
            expected.as_ref()
        );
    }

    #[test]
    fn hostile_23_a_digest_is_shown_in_part() {
        let digest = Digest([0xab; 32]);
        assert_eq!(format!("{digest:?}"), "Digest(abab…)");
    }
}
