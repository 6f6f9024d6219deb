//! Whose a registration is, and what it is registered under.

use aws_lc_rs::digest;
use oarlock_oauth::{
    relay::{Callback, StateDigest},
    secret::OwnerSecret,
};

/// What callbacks and programs are matched by. No value of a state is the single slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// For callbacks without a state.
    Single,
    /// For one state.
    State(StateDigest),
}

impl Slot {
    pub(crate) fn of(callback: &Callback) -> Self {
        callback
            .state()
            .map_or(Self::Single, |state| Self::State(StateDigest::of(state)))
    }

    /// For logs: enough to follow one login, and never a state.
    pub(crate) fn short(self) -> String {
        match self {
            Self::Single => "none".to_owned(),
            Self::State(digest) => digest.short(),
        }
    }
}

/// The user who made a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum User {
    /// Of this machine, by the kernel's word.
    Local(u32),
    /// Everybody without a token on TCP.
    Tcp,
    /// The holder of a bearer token, by its place in the configuration.
    Token(usize),
}

/// The first half of a SHA-256: what is remembered of secrets and callbacks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 16]);

impl Fingerprint {
    fn of(bytes: &[u8]) -> Self {
        let whole = digest::digest(&digest::SHA256, bytes);
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(whole.as_ref()) {
            *to = *from;
        }
        Self(half)
    }

    /// Of a secret. It is compared as a digest, so that time tells nothing of the secret.
    pub(crate) fn of_secret(secret: &OwnerSecret) -> Self {
        Self::of(secret.expose().as_bytes())
    }

    /// Of a callback: of its code, which is one however it comes again, or of everything it had.
    pub(crate) fn of_callback(callback: &Callback) -> Self {
        if let Some(code) = callback.code() {
            return Self::of(code.expose().as_bytes());
        }
        let mut text = String::new();
        for (name, value) in callback.parameters() {
            text.push_str(name);
            text.push('\n');
            text.push_str(&value.to_string());
            text.push('\n');
        }
        let fingerprint = Self::of(text.as_bytes());
        zeroize::Zeroize::zeroize(&mut text);
        fingerprint
    }
}

/// Who may take a registration over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) user: User,
    /// Protocol 2 alone.
    pub(crate) secret: Option<Fingerprint>,
}

impl Owner {
    /// Whether `newcomer` may take over what is this owner's.
    pub(crate) fn admits(&self, newcomer: &Self) -> bool {
        self.user == newcomer.user && (self.secret.is_none() || self.secret == newcomer.secret)
    }

    /// Whether `newcomer` is this very program, come back.
    pub(crate) fn is_same_program(&self, newcomer: &Self) -> bool {
        self.secret.is_some() && self == newcomer
    }
}
