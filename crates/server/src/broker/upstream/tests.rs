mod departing;
mod dev;
mod hostile;
mod persons;
mod stalls;

use std::time::Duration;

use oarlock_io::{HttpConfig, SystemClock};
use oarlock_oauth::{
    endpoint::{self, Issuer},
    profile::ProviderProfile,
    secret::{ClientSecret, State},
};
use oarlock_testkit::{
    AuthorizationServer, AuthorizationServerBuilder, Client, FakeBrowser, FakeClock, Server,
};

use super::*;

const REDIRECT_URI: &str = "http://127.0.0.1:5001/redirect";
const SECRET: &str = "a secret/with&odd+letters";
const EXCHANGES: usize = 4;
/// Longer than any answer takes here.
const DEADLINE: Duration = Duration::from_secs(10);
/// For what is not going to answer.
const SHORT: Duration = Duration::from_millis(300);

/// A provider, for whom this server is a client.
async fn server() -> Server {
    start(AuthorizationServer::builder()).await
}

async fn start(builder: AuthorizationServerBuilder) -> Server {
    let client = Client::confidential("broker", SECRET).redirect_uris([REDIRECT_URI]);
    builder.client(client).start().await.unwrap()
}

fn profile_of(server: &Server) -> ProviderProfile {
    let mut profile = ProviderProfile::named("company");
    profile.title = Some("Example Inc.".into());
    profile.issuer = Some(Issuer::parse(server.issuer()).unwrap());
    profile.client_id = Some("broker".into());
    profile.client_secret = Some(ClientSecret::new(SECRET));
    profile
}

/// The same for one that has no metadata.
fn with_endpoints(server: &Server, userinfo: &str) -> ProviderProfile {
    let mut profile = profile_of(server);
    profile.issuer = None;
    let endpoint = |path: &str| {
        let url = server.url().join(path).unwrap();
        Some(endpoint::Endpoint::parse(url.as_str()).unwrap())
    };
    profile.authorization_endpoint = endpoint("/authorize");
    profile.token_endpoint = endpoint("/token");
    profile.userinfo_endpoint = endpoint(userinfo);
    profile
}

fn config(name: &str, profile: ProviderProfile) -> UpstreamConfig {
    UpstreamConfig {
        name: name.into(),
        kind: UpstreamKind::Provider(Box::new(profile)),
        allow: Vec::new(),
        deadline: DEADLINE,
        hand_out_tokens: false,
    }
}

fn company(server: &Server) -> UpstreamConfig {
    config("company", profile_of(server))
}

fn upstreams(configs: Vec<UpstreamConfig>) -> Upstreams {
    upstreams_at(configs, Arc::new(SystemClock))
}

fn upstreams_at(configs: Vec<UpstreamConfig>, clock: Arc<dyn Clock>) -> Upstreams {
    let http = HttpClient::new(HttpConfig::default()).unwrap();
    let redirect_uri = Url::parse(REDIRECT_URI).unwrap();
    Upstreams::new(configs, redirect_uri, http, clock, EXCHANGES)
}

/// Goes to the provider and comes back with its answer.
async fn go(upstreams: &Upstreams, name: &str, browser: FakeBrowser) -> (Kept, Parameters) {
    let departure = upstreams.depart(name, false).await.unwrap();
    let answer = answer(&departure.location, browser).await;
    (departure.kept, answer)
}

async fn answer(location: &Url, browser: FakeBrowser) -> Parameters {
    let visit = browser.stop_at_redirect().visit(location).await.unwrap();
    let redirect = visit.redirect.unwrap_or_else(|| panic!("{}", visit.page));
    Parameters::parse(redirect.query().unwrap()).unwrap()
}

/// A whole login.
async fn sign_in(upstreams: &Upstreams, name: &str) -> Result<Arrival, UpstreamError> {
    let (kept, answer) = go(upstreams, name, FakeBrowser::new()).await;
    upstreams.check_issuer(name, &answer)?;
    upstreams.arrive(name, kept, &answer).await
}

/// The same at the one provider there is.
async fn sign_in_at(server: &Server) -> Result<Arrival, UpstreamError> {
    sign_in(&upstreams(vec![company(server)]), "company").await
}

fn query(location: &Url, name: &str) -> Option<String> {
    let mut pairs = location.query_pairs();
    let (_, value) = pairs.find(|(known, _)| known == name)?;
    Some(value.into_owned())
}

fn is_refused<T>(result: &Result<T, UpstreamError>) -> bool {
    matches!(result, Err(UpstreamError::Refused(_)))
}

fn is_unavailable<T>(result: &Result<T, UpstreamError>) -> bool {
    matches!(result, Err(UpstreamError::Unavailable(_)))
}
