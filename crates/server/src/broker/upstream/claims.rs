//! What a provider's claims say of a person.

use oarlock_oauth::{profile::ProviderProfile, scope::Scopes, text::Untrusted, userinfo};
use serde_json::{Map, Value};

use super::{UpstreamError, allow};
use crate::broker::user::Profile;

/// Longest subject (OpenID Connect Core, section 2).
const LONGEST_SUBJECT: usize = 255;
/// Longest name that is kept.
const LONGEST_NAME: usize = 200;

/// A subject that can be kept.
///
/// # Errors
/// It is empty, too long, or has characters that no identifier has.
pub(super) fn checked_subject(subject: String) -> Result<String, UpstreamError> {
    let odd = |c: char| c.is_control();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.contains(odd) {
        return Err(UpstreamError::Refused(
            "the person's identifier is no identifier".to_owned(),
        ));
    }
    Ok(subject)
}

/// What claims say of a person. An address counts as verified only where they say so.
pub(super) fn profile(
    provider: &ProviderProfile,
    subject: &str,
    claims: &Map<String, Value>,
) -> Profile {
    let text = |names: &[&str]| names.iter().find_map(|name| name_in(claims.get(*name)?));
    let email = claims
        .get("email")
        .and_then(Value::as_str)
        .filter(|email| allow::address(email).is_some())
        .map(Untrusted::new);
    let email_verified = email.is_some()
        && match claims.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            // Some write it as text.
            Some(Value::String(verified)) => verified == "true",
            _ => false,
        };
    let mut profile = Profile {
        name: text(&["name", "display_name"]),
        username: text(&["preferred_username", "login", "nickname", "username"]),
        email,
        email_verified,
    };
    if profile.name.is_none() && profile.username.is_none() {
        let named = userinfo::identity(provider, claims).map(|name| cut(name.raw()));
        profile.username =
            named.filter(|name| name.raw() != subject && profile.email.as_ref() != Some(name));
    }
    profile
}

/// Whether userinfo may say more than an ID token did, by the scopes that were asked for.
pub(super) fn lacks(profile: &Profile, scopes: &Scopes) -> bool {
    let nameless = profile.name.is_none() && profile.username.is_none();
    scopes.contains("email") && profile.email.is_none() || scopes.contains("profile") && nameless
}

/// What is missing in one from the other. An address is never called verified by another source than its own.
pub(super) fn completed(known: Profile, more: Profile) -> Profile {
    let (email, email_verified) = match known.email {
        Some(email) => (Some(email), known.email_verified),
        None => (more.email, more.email_verified),
    };
    Profile {
        name: known.name.or(more.name),
        username: known.username.or(more.username),
        email,
        email_verified,
    }
}

fn name_in(value: &Value) -> Option<Untrusted> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| cut(text))
}

fn cut(text: &str) -> Untrusted {
    Untrusted::new(text.chars().take(LONGEST_NAME).collect::<String>())
}

#[cfg(test)]
mod tests;
