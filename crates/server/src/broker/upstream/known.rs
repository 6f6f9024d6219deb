//! What is known of a provider: its profile, completed by metadata, and its keys.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use oarlock_io::{
    Clock, HttpClient,
    provider::{self, ProviderError},
};
use oarlock_oauth::{
    Timestamp,
    endpoint::Endpoint,
    id_token::{self, IdTokenError},
    jwks::KeySet,
    metadata::{MetadataError, ServerMetadata},
    profile::ProviderProfile,
    scope::Scopes,
    secret::Nonce,
    token::TokenResponse,
};

use super::{UpstreamError, fetched::Fetched};

/// Between two fetches of keys for tokens whose key is not known (hostile 13).
const KEYS_PAUSE: Duration = Duration::from_secs(30);

/// What there is to know of a provider.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) profile: ProviderProfile,
    keys: Option<Arc<Keys>>,
}

#[derive(Debug)]
struct Keys {
    uri: Endpoint,
    set: Fetched<KeySet>,
}

/// What will be known of a provider; nothing is asked yet.
pub(super) fn fetched(
    configured: &ProviderProfile,
    http: &HttpClient,
    clock: &Arc<dyn Clock>,
) -> Fetched<Known> {
    let (profile, http, own_clock) = (configured.clone(), http.clone(), Arc::clone(clock));
    let fetch = move |before: Option<Arc<Known>>| -> BoxFuture<'static, _> {
        let (profile, http, clock) = (profile.clone(), http.clone(), Arc::clone(&own_clock));
        Box::pin(async move {
            let profile = complete(&http, profile).await?;
            let keys = keys_of(&profile, before.as_deref(), http, clock);
            Ok(Known { profile, keys })
        })
    };
    Fetched::new("metadata", Arc::clone(clock), Box::new(fetch))
}

impl Known {
    /// The claims of the ID token, where one was asked for and can be checked.
    ///
    /// Without an issuer of its own (several tenants behind one address) or without keys there is nothing to check it by; then userinfo says
    /// who it is, over the provider's own TLS.
    pub(super) async fn id_token(
        &self,
        tokens: &TokenResponse,
        nonce: Option<&Nonce>,
        now: Timestamp,
    ) -> Result<Option<id_token::Claims>, UpstreamError> {
        let (Some(nonce), Some(_), Some(keys)) = (nonce, &self.profile.issuer, &self.keys) else {
            return Ok(None);
        };
        let Some(token) = &tokens.id_token else {
            return Err(UpstreamError::Refused("there is no ID token".to_owned()));
        };
        let check = |set: &KeySet| id_token::check(token, &self.profile, set, Some(nonce), now);
        let set = keys.set.value().await?;
        let checked = match check(&set) {
            Err(IdTokenError::UnknownKey) => match keys.set.newer(&set, KEYS_PAUSE).await? {
                Some(newer) => check(&newer),
                None => Err(IdTokenError::UnknownKey),
            },
            checked => checked,
        };
        Ok(Some(checked?))
    }
}

/// The profile with what metadata adds to it, ready for logins.
async fn complete(
    http: &HttpClient,
    mut profile: ProviderProfile,
) -> Result<ProviderProfile, UpstreamError> {
    if let Some(issuer) = profile.issuer.clone() {
        match provider::metadata(http, &issuer).await {
            Ok(metadata) => {
                let own = profile.scopes.clone();
                profile.complete(&metadata)?;
                profile.scopes = if own.is_empty() {
                    identity_scopes(&metadata)
                } else {
                    own
                };
            }
            // A profile that names what a login needs does not depend on metadata; but what is only away for a moment is waited for, or
            // it would go without the ID token's keys.
            Err(ProviderError::Discovery {
                source: source @ MetadataError::NotFound(_),
                ..
            }) if !source.is_passing() && profile.token_endpoint.is_some() => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Nothing here is ever refreshed, and what asks for refresh tokens asks the person for consent each time.
    profile.scopes = profile
        .scopes
        .iter()
        .filter(|scope| *scope != "offline_access")
        .collect();
    // Google's words for the same, which go together.
    let parameters = &mut profile.authorization_parameters;
    if parameters
        .get("access_type")
        .is_some_and(|it| it == "offline")
    {
        parameters.retain(|name, _| name != "access_type" && name != "prompt");
    }
    profile.client_id()?;
    profile.token_endpoint()?;
    // It is for browsers, which can reach what is in private networks and on people's machines.
    http.check_address(profile.authorization_endpoint()?.url())?;
    Ok(profile)
}

/// What says who it is: of OpenID's scopes those that the provider lists.
fn identity_scopes(metadata: &ServerMetadata) -> Scopes {
    let listed = &metadata.scopes_supported;
    let is_openid = metadata.jwks_uri.is_some();
    ["openid", "profile", "email"]
        .into_iter()
        .filter(|scope| {
            if listed.is_empty() {
                is_openid
            } else {
                listed.iter().any(|known| known == scope)
            }
        })
        .collect()
}

/// The keys; those of before, if they are still to be found at the same place.
fn keys_of(
    profile: &ProviderProfile,
    before: Option<&Known>,
    http: HttpClient,
    clock: Arc<dyn Clock>,
) -> Option<Arc<Keys>> {
    let uri = profile.jwks_uri.clone()?;
    let same = before
        .and_then(|known| known.keys.clone())
        .filter(|keys| keys.uri == uri);
    if same.is_some() {
        return same;
    }
    let place = uri.clone();
    let fetch = move |_| -> BoxFuture<'static, _> {
        let (http, place) = (http.clone(), place.clone());
        Box::pin(async move { Ok(provider::keys(&http, &place).await?) })
    };
    let set = Fetched::new("keys", clock, Box::new(fetch));
    Some(Arc::new(Keys { uri, set }))
}
