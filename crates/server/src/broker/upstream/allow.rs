//! Who may come in by an upstream.

use url::Host;

use crate::broker::user::Person;

/// One rule of `allow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowRule {
    /// `sub:1234`: this person, whatever their address is.
    Subject(String),
    /// `*@example.com`: whoever has an address there.
    Domain(Domain),
    /// `somebody@example.com`.
    Address {
        /// Before the `@`.
        local: String,
        /// After it.
        domain: Domain,
    },
    /// What could not be read.
    Nobody,
}

/// A domain: as the configuration writes it, and as the network does (`xn--…`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    written: String,
    ascii: String,
}

/// It is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} says nobody; write *@example.com, somebody@example.com or sub:1234")]
pub struct NoRule(String);

impl AllowRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, NoRule> {
        let wrong = || NoRule(text.to_owned());
        if let Some(subject) = text.strip_prefix("sub:") {
            return Some(subject)
                .filter(|subject| !subject.is_empty())
                .map(|subject| Self::Subject(subject.to_owned()))
                .ok_or_else(wrong);
        }
        let (local, domain) = address(text).ok_or_else(wrong)?;
        let domain = Domain::parse(domain).ok_or_else(wrong)?;
        Ok(match local {
            "*" => Self::Domain(domain),
            local if local.contains('*') => return Err(wrong()),
            local => Self::Address {
                local: local.to_owned(),
                domain,
            },
        })
    }

    /// Whether it lets somebody in. An address counts only where the provider says that it is verified.
    fn lets_in(&self, person: &Person) -> bool {
        let verified = || {
            let profile = &person.profile;
            let email = profile.email.as_ref().filter(|_| profile.email_verified)?;
            address(email.raw())
        };
        match self {
            Self::Nobody => false,
            Self::Subject(subject) => *subject == person.subject,
            Self::Domain(allowed) => verified().is_some_and(|(_, domain)| allowed.is(domain)),
            // ASCII case alone: the Kelvin sign in lower case is a k, and belongs to somebody else.
            Self::Address {
                local: allowed,
                domain: at,
            } => verified().is_some_and(|(local, domain)| {
                local.eq_ignore_ascii_case(allowed) && at.is(domain)
            }),
        }
    }
}

impl Domain {
    fn parse(text: &str) -> Option<Self> {
        // A URL's host may be percent-encoded, an address's may not; one that ends in a dot is written so by nobody; and a star below a domain
        // would look like a rule and be none.
        if text.contains(['%', '*']) || text.ends_with('.') {
            return None;
        }
        match Host::parse(text) {
            Ok(Host::Domain(ascii)) => Some(Self {
                written: text.to_owned(),
                ascii,
            }),
            _ => None,
        }
    }

    /// Whether a person's domain is this one. What somebody claims is not mapped to anything: fullwidth letters, and others that look
    /// alike, stay others.
    fn is(&self, claimed: &str) -> bool {
        claimed.eq_ignore_ascii_case(&self.ascii) || claimed.eq_ignore_ascii_case(&self.written)
    }
}

/// Whether somebody may come in; without rules whoever the provider knows.
pub(super) fn lets_in(rules: &[AllowRule], person: &Person) -> bool {
    rules.is_empty() || rules.iter().any(|rule| rule.lets_in(person))
}

/// What is before and after the one `@`; nothing that two readers could cut differently.
pub(super) fn address(text: &str) -> Option<(&str, &str)> {
    const LONGEST: usize = 320;
    let (local, domain) = text.split_once('@')?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '@';
    let usable = !local.is_empty()
        && !domain.is_empty()
        && text.len() <= LONGEST
        && !local.contains(odd)
        && !domain.contains(odd);
    usable.then_some((local, domain))
}

#[cfg(test)]
mod tests;
