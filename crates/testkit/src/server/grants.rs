//! Grants and what was bought with them: codes, access tokens, refresh tokens.
//!
//! Every method is one step of the domain, done under one lock: nothing is looked up first and
//! changed later.
use super::{answer::Refusal, parties::User};
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// What somebody allowed a client once. All tokens that come of it are one family.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    /// Nobody, in the client credentials grant.
    pub(crate) user: Option<User>,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) auth_time: Timestamp,
    pub(crate) revoked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantId(usize);

pub(crate) struct Code {
    pub(crate) grant: GrantId,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) used: bool,
}

struct Access {
    grant: GrantId,
    scopes: Vec<String>,
    expires_at: Timestamp,
    revoked: bool,
}

struct Refresh {
    grant: GrantId,
    rotated: Option<Rotated>,
}

#[derive(Clone, Copy)]
struct Rotated {
    at: Timestamp,
    taken_again: bool,
}

/// A request to exchange a code.
pub(crate) struct CodeRedemption<'a> {
    pub(crate) code: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: Option<&'a str>,
    pub(crate) now: Timestamp,
    /// A code may be used again (`replayed-code-accepted`).
    pub(crate) replay_allowed: bool,
}

/// A request to refresh.
pub(crate) struct RefreshRedemption<'a> {
    pub(crate) token: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) scopes: Option<&'a [String]>,
    pub(crate) now: Timestamp,
    /// The token is spent by this.
    pub(crate) rotate: bool,
    pub(crate) reuse: Reuse,
}

/// What happens when a rotated refresh token comes again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// The whole family is revoked (RFC 9700, section 4.14.2).
    Revokes,
    /// Once more within [`LEEWAY`], then as above.
    Leeway,
    /// Nothing.
    Undetected,
}

/// For a client whose answer got lost.
pub(crate) const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// Tokens to be remembered.
pub(crate) struct Issue {
    pub(crate) grant: GrantId,
    pub(crate) scopes: Vec<String>,
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) expires_at: Timestamp,
}

/// A live access token.
pub(crate) struct LiveAccess {
    pub(crate) grant: Grant,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Timestamp,
}

#[derive(Default)]
pub(crate) struct Grants {
    grants: Vec<Grant>,
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
}

impl Grants {
    pub(crate) fn add(&mut self, grant: Grant) -> GrantId {
        self.grants.push(grant);
        GrantId(self.grants.len() - 1)
    }

    pub(crate) fn add_code(&mut self, code: String, record: Code) {
        self.codes.insert(code, record);
    }

    pub(crate) fn issue(&mut self, issue: Issue) {
        let Issue {
            grant,
            scopes,
            access,
            refresh,
            expires_at,
        } = issue;
        self.access.insert(
            access,
            Access {
                grant,
                scopes,
                expires_at,
                revoked: false,
            },
        );
        if let Some(refresh) = refresh {
            self.refresh.insert(
                refresh,
                Refresh {
                    grant,
                    rotated: None,
                },
            );
        }
    }

    pub(crate) fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(id.0)
    }

    /// Spends a code. A code that comes twice takes everything it bought with it (RFC 6749,
    /// section 4.1.2).
    pub(crate) fn redeem_code(&mut self, wanted: &CodeRedemption<'_>) -> Result<GrantId, Refusal> {
        let unknown = || Refusal::grant("the code is unknown, expired or spent");
        let code = self.codes.get_mut(wanted.code).ok_or_else(unknown)?;
        let id = code.grant;
        let owner = self.grants.get_mut(id.0).ok_or_else(unknown)?;
        if owner.client_id != wanted.client_id {
            return Err(unknown());
        }
        if code.used && !wanted.replay_allowed {
            owner.revoked = true;
            return Err(unknown());
        }
        if code.expires_at <= wanted.now || owner.revoked {
            return Err(unknown());
        }
        if code.redirect_uri != wanted.redirect_uri {
            return Err(Refusal::grant(
                "redirect_uri is not the one of the authorization request",
            ));
        }
        check_verifier(code.challenge.as_deref(), wanted.verifier)?;
        code.used = true;
        Ok(id)
    }

    /// Takes a refresh token and says for which scopes.
    pub(crate) fn redeem_refresh(
        &mut self,
        wanted: &RefreshRedemption<'_>,
    ) -> Result<(GrantId, Vec<String>), Refusal> {
        let unknown = || Refusal::grant("the refresh token is unknown, revoked or spent");
        let refresh = self.refresh.get_mut(wanted.token).ok_or_else(unknown)?;
        let id = refresh.grant;
        let owner = self.grants.get_mut(id.0).ok_or_else(unknown)?;
        if owner.client_id != wanted.client_id || owner.revoked {
            return Err(unknown());
        }
        if let Some(rotated) = &mut refresh.rotated
            && wanted.reuse != Reuse::Undetected
        {
            let late = wanted.now.duration_since(rotated.at) > LEEWAY;
            if wanted.reuse == Reuse::Revokes || rotated.taken_again || late {
                owner.revoked = true;
                return Err(unknown());
            }
            rotated.taken_again = true;
        }
        let scopes = match wanted.scopes {
            None => owner.scopes.clone(),
            Some(asked) if asked.iter().all(|scope| owner.scopes.contains(scope)) => asked.to_vec(),
            Some(_) => {
                return Err(Refusal::new(
                    "invalid_scope",
                    "more scopes than were granted",
                ));
            }
        };
        if wanted.rotate && refresh.rotated.is_none() {
            refresh.rotated = Some(Rotated {
                at: wanted.now,
                taken_again: false,
            });
        }
        Ok((id, scopes))
    }

    /// The access token, if it is good now.
    pub(crate) fn live_access(&self, token: &str, now: Timestamp) -> Option<LiveAccess> {
        let access = self.access.get(token)?;
        let grant = self.grant(access.grant)?;
        let live = !access.revoked && !grant.revoked && access.expires_at > now;
        live.then(|| LiveAccess {
            grant: grant.clone(),
            scopes: access.scopes.clone(),
            expires_at: access.expires_at,
        })
    }

    /// The grant of a refresh token that would be taken now.
    pub(crate) fn live_refresh(&self, token: &str) -> Option<&Grant> {
        let refresh = self.refresh.get(token)?;
        let grant = self.grant(refresh.grant)?;
        (!grant.revoked && refresh.rotated.is_none()).then_some(grant)
    }

    /// Revokes a token of this client: an access token alone, a refresh token with its family
    /// (RFC 7009, section 2.1). Unknown tokens are fine (section 2.2).
    pub(crate) fn revoke(&mut self, token: &str, client_id: &str) -> Result<(), Refusal> {
        let foreign = || Refusal::new("unauthorized_client", "the token belongs to another client");
        if let Some(access) = self.access.get_mut(token) {
            let grant = self.grants.get(access.grant.0);
            if grant.is_some_and(|grant| grant.client_id != client_id) {
                return Err(foreign());
            }
            access.revoked = true;
        } else if let Some(refresh) = self.refresh.get(token)
            && let Some(grant) = self.grants.get_mut(refresh.grant.0)
        {
            if grant.client_id != client_id {
                return Err(foreign());
            }
            grant.revoked = true;
        }
        Ok(())
    }

    pub(crate) fn revoke_all(&mut self) {
        self.grants
            .iter_mut()
            .for_each(|grant| grant.revoked = true);
    }

    pub(crate) fn expire_access_tokens(&mut self) {
        self.access
            .values_mut()
            .for_each(|access| access.expires_at = Timestamp::MIN);
    }
}

/// RFC 7636, section 4.6, for S256.
fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Refusal> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Refusal::grant(
            "code_verifier without a code_challenge before",
        )),
        (Some(_), None) => Err(Refusal::grant("code_verifier is missing")),
        (Some(challenge), Some(verifier)) => {
            let sum = digest::digest(&digest::SHA256, verifier.as_bytes());
            if URL_SAFE_NO_PAD.encode(sum) == challenge {
                Ok(())
            } else {
                Err(Refusal::grant("code_verifier does not fit code_challenge"))
            }
        }
    }
}
