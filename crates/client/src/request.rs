//! Authenticated requests: the right token, to the right origin only, once more after a refresh.

use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, InvalidHeaderValue},
};
use oarlock_io::{HttpError, http_client::BodyStream};
use oarlock_oauth::endpoint::{Endpoint, Origin};

use crate::{
    Client, TokenQuery,
    error::Error,
    interaction::Event,
    server,
    source::{Source, Token},
    tokens::Resort,
};

/// An answer whose body is read as it comes.
pub type Response = http::Response<BodyStream>;

impl Client {
    /// Sends a request with a provider's token; on 401 refreshes and sends it once more.
    ///
    /// The token goes to an origin the credential is meant for and to no other, and redirects are not followed.
    ///
    /// # Errors
    /// The origin is foreign; nobody is logged in; the network.
    pub async fn send(
        &self,
        query: TokenQuery,
        request: http::Request<Vec<u8>>,
    ) -> Result<Response, Error> {
        let target = Endpoint::parse(&request.uri().to_string())?;
        let query = match query.provider {
            Some(_) => query,
            None => TokenQuery {
                provider: Some(self.provider_for(&target.origin())?),
                ..query
            },
        };
        let resort = Resort::of(&query);
        let token = self.token_for(query).await?;
        self.tell(&token);
        self.check_origin(&token, &target.origin())?;
        let http = self.http()?;
        // A person typed or configured this address.
        http.trust(target.url());
        let response = http.stream(with_token(&request, &token)?).await?;
        let Source::Login(key) = &token.source else {
            return Ok(response);
        };
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let renewed = self
            .token_other_than(key.clone(), token.access_token.clone(), resort)
            .await?;
        self.tell(&renewed);
        self.check_origin(&renewed, &target.origin())?;
        Ok(http.stream(with_token(&request, &renewed)?).await?)
    }

    /// Nobody who calls sees the token, so a warning about it is shown.
    fn tell(&self, token: &Token) {
        if let Some(message) = &token.warning {
            self.interaction().notify(&Event::Warning { message });
        }
    }

    /// A GET with a provider's token.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn get(&self, provider: &str, url: &str) -> Result<Response, Error> {
        let request = http::Request::get(url)
            .body(Vec::new())
            .map_err(|error| HttpError::Configuration(error.to_string()))?;
        self.send(TokenQuery::of(provider), request).await
    }

    /// The provider whose token is meant for an origin, among those that are logged in or whose token the environment gives;
    /// where none is, one that is configured for it.
    ///
    /// # Errors
    /// None, or several.
    pub fn provider_for(&self, origin: &Origin) -> Result<String, Error> {
        let mut providers: Vec<String> = Vec::new();
        for (key, credential) in self.logins()? {
            // A file that cannot be read gives no token; `status` speaks of it.
            let Ok(credential) = credential else { continue };
            let allowed = self.origins_of(key.provider(), &credential.profile)?;
            if allowed.contains(origin) && !providers.iter().any(|name| name == key.provider()) {
                providers.push(key.provider().to_owned());
            }
        }
        for name in self.config().provider_names() {
            let profile = self.profile(&name)?;
            let given = crate::source::from_variables(&profile, self.environment())?.is_some();
            if given && profile.allowed_origins().contains(origin) && !providers.contains(&name) {
                providers.push(name);
            }
        }
        match providers.len() {
            // Its own error says best that there is no token.
            0 => match self.configured_for(origin) {
                Some(name) => Ok(name),
                None => Err(self.nobody_for(origin)?),
            },
            1 => Ok(providers.remove(0)),
            _ => Err(Error::SeveralLogins { choices: providers }),
        }
    }

    fn configured_for(&self, origin: &Origin) -> Option<String> {
        self.config().provider_names().into_iter().find(|name| {
            self.profile(name)
                .is_ok_and(|profile| profile.allowed_origins().contains(origin))
        })
    }

    /// There is a token, but not for this origin; or there is none at all.
    fn nobody_for(&self, origin: &Origin) -> Result<Error, Error> {
        let origin = origin.to_string();
        let Ok(provider) = self.default_provider() else {
            return Ok(Error::NobodyFor { origin });
        };
        let stored = self.store().accounts()?;
        let has_token = stored.iter().any(|key| key.provider() == provider)
            || crate::source::from_variables(&self.profile(&provider)?, self.environment())?
                .is_some();
        Ok(if has_token {
            Error::ForeignOrigin { provider, origin }
        } else {
            Error::NobodyFor { origin }
        })
    }

    fn check_origin(&self, token: &Token, origin: &Origin) -> Result<(), Error> {
        let allowed = self.origins_of(&token.profile.name, &token.profile)?;
        if allowed.contains(origin) {
            return Ok(());
        }
        Err(Error::ForeignOrigin {
            provider: token.profile.name.clone(),
            origin: origin.to_string(),
        })
    }

    /// Origins of the profile at login, and those the configuration names today for the same server.
    fn origins_of(
        &self,
        name: &str,
        stored: &oarlock_oauth::profile::ProviderProfile,
    ) -> Result<Vec<Origin>, Error> {
        let mut origins = stored.allowed_origins();
        if let Some(configured) = self.configured(name)?
            && server::is_same(stored, &configured)
        {
            origins.extend(configured.allowed_origins());
        }
        Ok(origins)
    }
}

fn with_token(
    request: &http::Request<Vec<u8>>,
    token: &Token,
) -> Result<http::Request<Vec<u8>>, Error> {
    let mut request = request.clone();
    request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
    Ok(request)
}

/// `Bearer TOKEN` (RFC 6750, section 2.1), marked so that nothing prints it.
fn bearer(token: &Token) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.access_token.expose()))
        .map_err(|_: InvalidHeaderValue| {
            HttpError::Configuration("the token has characters no header can carry".into())
        })?;
    value.set_sensitive(true);
    Ok(value)
}
