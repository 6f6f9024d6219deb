//! A program on a machine without a browser that logs in through a relay, step by step:
//! `headless ISSUER CLIENT_ID API_URL`.
//!
//! The relay (`oarlock serve`) runs on this machine, or is named by `OARLOCK_RELAY`: `https://login.example.com`, with its token in
//! `OARLOCK_RELAY_TOKEN`. The provider must know the relay's callback as a redirect URI of the client.
//!
//! Who wants the login stored, renewed and used under a name takes `Client::login` with `Flow::Relay`, which does all of this and
//! more. This is for programs that keep their tokens themselves.

use std::{path::Path, sync::Arc, time::Duration};

use http::header::AUTHORIZATION;
use oarlock::{
    oauth::{
        authorization::{AuthorizationRandom, AuthorizationRequest, CodeGrant},
        endpoint::Issuer,
        metadata,
        profile::ProviderProfile,
        scope::Scopes,
        secret::State,
        token::{self, Grant},
    },
    relay::{RelaySettings, Told, Waiter},
};
use oarlock_io::{Clock, Environment, HttpClient, HttpConfig, SystemClock, entropy, terminal};

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let [issuer, client_id, api] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "usage: headless ISSUER CLIENT_ID API_URL")?;
    let http = HttpClient::new(HttpConfig::default())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);

    // 1. What the provider can do. Its metadata must name the issuer it was asked of, or it is refused.
    let profile = provider(&http, &issuer, client_id).await?;

    // 2. Register at the relay before anybody is shown an address: the answer may come at once. The relay knows the registration by
    //    the state, which nobody can guess.
    let random = AuthorizationRandom {
        state: entropy::random()?,
        verifier: entropy::random()?,
        nonce: entropy::random()?,
    };
    let state = State::from_random(random.state);
    let environment = Environment::capture().with_dotenv(Path::new(""))?;
    let relay = RelaySettings::from_environment(&environment)?;
    let timeout = Duration::from_secs(300);
    let mut waiter = Waiter::register(&relay, &clock, Some(&state), timeout).await?;

    // 3. The authorization request. Its redirect URI is the relay's callback; the code verifier (PKCE) stays here, so that a code is of
    //    no use to anybody else, the relay included.
    let scopes = Scopes::parse("profile");
    let callback = waiter.callback_url().as_str().to_owned();
    let request = AuthorizationRequest::new(&profile, &callback, &scopes, random)?;
    terminal::notice("Open this address in a browser, on any device:");
    terminal::notice(request.url().as_str());

    // 4. Wait. Lost connections and a relay that restarts are seen to beneath this.
    let delivered = waiter.wait().await?;

    // 5. Check what came, exchange it, and only then say that it arrived: the browser shows "Authorization Complete" when it is true.
    //    The relay vouches for nothing; state, issuer (RFC 9207) and error are looked at here.
    let grant = delivered
        .response()
        .map_err(Failure::from)
        .and_then(|response| Ok(request.check(&response)?));
    let bought = match grant {
        Ok(grant) => exchange(&http, &*clock, &profile, &grant).await,
        Err(error) => Err(error),
    };
    let token = match bought {
        Ok(token) => token,
        Err(error) => {
            // Whatever the browser is told now, this is what went wrong.
            drop(delivered.reject().await);
            return Err(error);
        }
    };
    if let Told::Failed | Told::Unknown(_) = delivered.acknowledge().await {
        terminal::notice("The browser may say that it failed; it did not.");
    }

    // 6. Use it.
    let call = http::Request::get(&api)
        .header(
            AUTHORIZATION,
            format!("Bearer {}", token.access_token.expose()),
        )
        .body(Vec::new())?;
    let answer = http.send(call).await?;
    terminal::output_bytes(answer.body())?;
    Ok(())
}

/// The provider's endpoints, from its metadata.
async fn provider(
    http: &HttpClient,
    issuer: &str,
    client_id: String,
) -> Result<ProviderProfile, Failure> {
    let issuer = Issuer::parse(issuer)?;
    // The person typed it: it may be anywhere, also in a private network.
    http.trust(issuer.endpoint().url());
    let mut profile = ProviderProfile::named("example");
    profile.client_id = Some(client_id);
    profile.issuer = Some(issuer.clone());
    for url in issuer.metadata_urls() {
        let asked = http::Request::get(url.url().as_str()).body(Vec::new())?;
        if let Ok(metadata) = metadata::response(&issuer, &http.send(asked).await?) {
            profile.complete(&metadata)?;
            return Ok(profile);
        }
    }
    Err("the issuer has no metadata that can be used".into())
}

/// The token request, with the code verifier.
async fn exchange(
    http: &HttpClient,
    clock: &dyn Clock,
    profile: &ProviderProfile,
    grant: &CodeGrant,
) -> Result<token::TokenResponse, Failure> {
    let response = http
        .send(token::request(profile, &Grant::Code(grant))?)
        .await?;
    Ok(token::response(profile, &response, clock.now())?)
}
