//! Who logged in: a checked ID token, else userinfo.

use oarlock_io::{Clock, HttpClient, provider};
use oarlock_oauth::{id_token, profile::ProviderProfile, secret::Nonce, text::Untrusted, userinfo};

use crate::{credential::Credential, error::Error};

/// Checks the ID token of a login where there is one, and names the person.
///
/// A token that fails its checks refuses the whole login (OpenID Connect Core, section 3.1.3.7). Without an issuer
/// or its keys it cannot be checked, so it is dropped rather than believed. Userinfo is a courtesy: when it
/// fails, the login stands without a name.
///
/// # Errors
/// The ID token is refused, or the keys cannot be had.
pub(crate) async fn establish(
    http: &HttpClient,
    clock: &dyn Clock,
    credential: &mut Credential,
    nonce: Option<&Nonce>,
) -> Result<(), Error> {
    let profile = credential.profile.clone();
    let claims = checked_claims(http, clock, &profile, credential, nonce).await?;
    credential.identity = claims
        .as_ref()
        .and_then(|claims| userinfo::identity(&profile, &claims.all));
    let subject = claims.map(|claims| claims.subject);
    let nameless = credential.identity.is_none()
        || subject.as_deref() == credential.identity.as_ref().map(Untrusted::raw);
    if nameless && let Some(name) = asked(http, &profile, credential, subject.as_deref()).await {
        credential.identity = Some(name);
    }
    Ok(())
}

async fn checked_claims(
    http: &HttpClient,
    clock: &dyn Clock,
    profile: &ProviderProfile,
    credential: &mut Credential,
    nonce: Option<&Nonce>,
) -> Result<Option<id_token::Claims>, Error> {
    let (Some(_), Some(jwks_uri)) = (&profile.issuer, &profile.jwks_uri) else {
        credential.id_token = None;
        return Ok(None);
    };
    let Some(token) = &credential.id_token else {
        return Ok(None);
    };
    let keys = provider::keys(http, jwks_uri).await?;
    let now = credential.server_time(clock.now());
    Ok(Some(id_token::check(token, profile, &keys, nonce, now)?))
}

/// The name userinfo gives; its `sub` must be the ID token's (OpenID Connect Core, section 5.3.2).
async fn asked(
    http: &HttpClient,
    profile: &ProviderProfile,
    credential: &Credential,
    subject: Option<&str>,
) -> Option<Untrusted> {
    let request = userinfo::request(profile, &credential.access_token)?;
    let claims = match http.send(request).await {
        Ok(response) => userinfo::response(&response),
        Err(error) => {
            tracing::warn!(%error, "userinfo did not answer");
            return None;
        }
    };
    let claims = match claims {
        Ok(claims) => claims,
        Err(error) => {
            tracing::warn!(%error, "userinfo refused");
            return None;
        }
    };
    let told = claims.get("sub").and_then(serde_json::Value::as_str);
    if subject.is_some() && told != subject {
        tracing::warn!("userinfo does not speak of the person of the ID token; it was ignored");
        return None;
    }
    userinfo::identity(profile, &claims)
}
