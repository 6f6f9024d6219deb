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
