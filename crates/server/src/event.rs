//! What happens at the broker: the audit log tells it, metrics count it.

/// What happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Somebody came back from a provider and is known now.
    #[default]
    SignedIn,
    /// The same, for the first time.
    FirstSignedIn,
    /// A provider, or a rule of ours, refused a person.
    SignInRefused,
    /// A person agreed.
    Granted,
    /// A person said no.
    Denied,
    /// A program got its tokens or cookie.
    Redeemed,
    /// A session was refreshed.
    Refreshed,
    /// An authorization code came a second time: its session is revoked.
    CodeReplayed,
    /// An old refresh token came again: its session is revoked.
    RefreshTokenReused,
    /// A session was revoked.
    SessionRevoked,
    /// An access token was revoked.
    AccessTokenRevoked,
    /// A client registered itself.
    ClientRegistered,
    /// A client did not prove who it is.
    ClientRefused,
    /// A person was removed.
    UserRemoved,
    /// A signing key was made.
    KeyRotated,
}

impl What {
    /// Its word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::FirstSignedIn => "first_signed_in",
            Self::SignInRefused => "sign_in_refused",
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Redeemed => "redeemed",
            Self::Refreshed => "refreshed",
            Self::CodeReplayed => "code_replayed",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::SessionRevoked => "session_revoked",
            Self::AccessTokenRevoked => "access_token_revoked",
            Self::ClientRegistered => "client_registered",
            Self::ClientRefused => "client_refused",
            Self::UserRemoved => "user_removed",
            Self::KeyRotated => "key_rotated",
        }
    }
}
