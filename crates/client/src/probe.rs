//! Looking at a provider without logging in: for `provider test` and `doctor`.

use oarlock_io::provider;
use oarlock_oauth::profile::ProviderProfile;

use crate::{Client, discovery, error::Error};

/// What a look at a provider found.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProviderReport {
    /// The profile, completed from metadata where there is any, as a login would have it.
    pub profile: ProviderProfile,
    /// The issuer's metadata: absent without an issuer.
    pub metadata: Option<Result<(), Error>>,
    /// Number of keys for ID tokens; absent without `jwks_uri`.
    pub keys: Option<Result<usize, Error>>,
    /// Whether the token endpoint answers at all, and the server's clock minus ours in seconds.
    pub token_endpoint: Option<Result<i64, Error>>,
}

impl Client {
    /// Reads metadata and keys, and knocks at the token endpoint with an empty request; changes nothing anywhere.
    ///
    /// # Errors
    /// Nobody knows the provider, or the network settings are wrong.
    pub async fn probe(&self, provider: &str) -> Result<ProviderReport, Error> {
        let mut profile = self.profile(provider)?;
        let http = self.http()?;
        let completed = discovery::complete(http, &mut profile).await;
        if let Ok(Some(built_in)) = &completed {
            built_in.lend_client(&mut profile, None);
            built_in.lend_page(&mut profile);
        }
        let metadata = profile.issuer.is_some().then_some(completed.map(drop));
        let keys = match &profile.jwks_uri {
            Some(uri) => Some(
                provider::keys(http, uri)
                    .await
                    .map(|keys| keys.len())
                    .map_err(Error::from),
            ),
            None => None,
        };
        let token_endpoint = match &profile.token_endpoint {
            Some(endpoint) => {
                let knock = http::Request::post(endpoint.url().as_str())
                    .header(
                        http::header::CONTENT_TYPE,
                        "application/x-www-form-urlencoded",
                    )
                    .header(http::header::ACCEPT, "application/json")
                    .body(Vec::new())
                    .map_err(|error| oarlock_io::HttpError::Configuration(error.to_string()))?;
                // Any answer will do, a refusal is expected.
                let answer = http.send(knock).await;
                Some(
                    answer
                        .map(|answer| provider::clock_offset(&answer, &**self.clock()))
                        .map_err(Error::from),
                )
            }
            None => None,
        };
        Ok(ProviderReport {
            profile,
            metadata,
            keys,
            token_endpoint,
        })
    }
}
