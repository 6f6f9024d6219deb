//! The broker's settings.

mod clients;
mod keys;
mod numbers;
mod pairing;
mod profile;
mod registration;
mod store;
mod upstreams;

use oarlock::config::ConfigError;
use oarlock_oauth::{endpoint, scope::Scopes};
use oarlock_server::{
    broker::web::PATHS,
    config::{
        ListenAddress, RelayConfig,
        broker::{
            AuditConfig, BrokerConfig, ClientConfig, KeysConfig, KeysHome, PairingReturns,
            StoreConfig, UpstreamConfig, UpstreamKind,
        },
    },
};
use toml::Value;
use url::Url;

use super::{sources::Sources, value};
use crate::{failure::Failure, settings};

pub(super) use clients::new_secret;
pub(super) use registration::new_token;

/// Where the server will be.
pub(super) struct Place {
    pub(super) listen: ListenAddress,
    /// What browsers call it, as far as that is known before anything is bound.
    pub(super) public_url: Url,
}

/// A broker to be, and what the operator should know of it.
pub(super) struct Read {
    pub(super) config: BrokerConfig,
    pub(super) warnings: Vec<String>,
}

/// What is kept, and where: what commands beside a running server need.
#[derive(Debug)]
pub(in crate::commands) struct Kept {
    pub(in crate::commands) store: StoreConfig,
    pub(in crate::commands) keys: KeysConfig,
    pub(in crate::commands) audit: AuditConfig,
}

impl Kept {
    pub(super) fn read(sources: &Sources<'_>) -> Result<Self, ConfigError> {
        let store = store::read(sources)?;
        let lifetimes = numbers::lifetimes(sources)?;
        Ok(Self {
            keys: keys::read(sources, &store, &lifetimes)?,
            audit: audit(sources)?,
            store,
        })
    }
}

impl Place {
    /// Whether nobody but this machine's users can come.
    fn is_loopback(&self) -> bool {
        let listens = match self.listen {
            ListenAddress::Bind(address) => address.ip().is_loopback(),
            ListenAddress::Passed => true,
        };
        listens && endpoint::is_loopback(&self.public_url)
    }

    /// What providers have to know as the redirect URI.
    pub(super) fn redirect_uri(&self) -> String {
        format!(
            "{}/redirect",
            self.public_url.as_str().trim_end_matches('/')
        )
    }
}

/// Reads all of it; `None` where no upstream is named. Values are checked all the same.
pub(super) fn read(sources: &Sources<'_>, place: &Place) -> Result<Option<Read>, Failure> {
    let clients = clients::read(sources)?;
    let (registration, metadata_documents) = registration::read(sources)?;
    let pairing = pairing::read(sources, place)?;
    let lifetimes = numbers::lifetimes(sources)?;
    let limits = numbers::limits(sources)?;
    let scopes = sources.read(&settings::SCOPES, scopes)?.unwrap_or_default();
    let resources = sources.read(&settings::RESOURCES, resources)?;
    let audit = audit(sources)?;
    store::check(sources)?;
    keys::check(sources)?;
    let Some(found) = upstreams::read(sources, place)? else {
        return Ok(None);
    };
    check_address(sources, place)?;
    let kept = Kept::read(sources)?;
    let mut config = BrokerConfig {
        upstreams: found.upstreams,
        store: kept.store,
        keys: kept.keys,
        clients,
        registration,
        metadata_documents,
        pairing,
        scopes,
        resources: resources.unwrap_or_default(),
        lifetimes,
        limits,
        audit,
        network: found.network,
    };
    pairing::check(sources, &config)?;
    let mut warnings = warnings(&mut config);
    warnings.extend(unnamed_proxy(sources, place)?);
    Ok(Some(Read { config, warnings }))
}

/// The callback of a relay beside a broker must not be a path of the broker's.
pub(super) fn check_relay(sources: &Sources<'_>, relay: &RelayConfig) -> Result<(), ConfigError> {
    let path = relay.callback_path.as_str();
    if PATHS.contains(&path) {
        let message =
            format!("the broker serves {path}; take another path, such as /oauth/callback");
        return Err(sources.error(&settings::CALLBACK_PATH, &message));
    }
    Ok(())
}

/// Tokens say who made them by this address (RFC 8414, section 2).
fn check_address(sources: &Sources<'_>, place: &Place) -> Result<(), ConfigError> {
    let url = &place.public_url;
    if url.scheme() == "https" || endpoint::is_loopback(url) {
        return Ok(());
    }
    let message = "a broker is called by https, or by http on loopback; write such as https://login.example.com";
    Err(sources.error(&settings::PUBLIC_URL, message))
}

fn audit(sources: &Sources<'_>) -> Result<AuditConfig, ConfigError> {
    let path = sources.read(&settings::AUDIT_FILE, |value| {
        value::absolute(value, "/var/log/oarlock/audit.jsonl")
    })?;
    Ok(path.map_or(AuditConfig::Log, AuditConfig::File))
}

fn scopes(value: &Value) -> Result<Scopes, String> {
    let words = value::list(value)?;
    let is_scope = |word: &String| Scopes::parse(word).iter().eq([word.as_str()]);
    match words.iter().find(|word| !is_scope(word)) {
        Some(word) => Err(format!(
            "{word:?} is no scope; write visible ASCII characters without spaces, commas, quotes and backslashes: [\"deploy\"]"
        )),
        None => Ok(words.iter().collect()),
    }
}

fn resources(value: &Value) -> Result<Vec<String>, String> {
    let words = value::list(value)?;
    let is_resource = |word: &String| Url::parse(word).is_ok_and(|url| url.fragment().is_none());
    match words.iter().find(|word| !is_resource(word)) {
        Some(word) => Err(format!(
            "{word:?} is no resource; write absolute addresses without a fragment: [\"https://api.example.com\"]"
        )),
        None => Ok(words),
    }
}

/// Most providers refuse a server without a secret, and only once somebody has signed in there.
fn without_secret(upstream: &UpstreamConfig) -> Option<String> {
    let UpstreamKind::Provider(profile) = &upstream.kind else {
        return None;
    };
    (profile.client_secret.is_none() && profile.client_authentication.is_none()).then(|| {
        format!(
            "upstreams.{0}: there is no client secret (client_secret_file); if {0} needs none, client_authentication = \"none\" says so",
            upstream.name
        )
    })
}

/// A scope that a program may have and the server has not.
fn scope_of_nobody<'a>(client: &'a ClientConfig, own: &Scopes) -> Option<&'a str> {
    const ALWAYS: [&str; 4] = ["openid", "profile", "email", "offline_access"];
    let mut named = client.metadata.scope.iter().flat_map(Scopes::iter);
    named.find(|scope| !ALWAYS.contains(scope) && !own.contains(scope))
}

/// A proxy on this machine that nobody named: everybody would have its address, so that one limit holds for all, and neither a person nor a
/// paircode could be told from where it was asked.
fn unnamed_proxy(sources: &Sources<'_>, place: &Place) -> Result<Option<String>, ConfigError> {
    let listens_here = match place.listen {
        ListenAddress::Bind(address) => address.ip().is_loopback(),
        ListenAddress::Passed => false,
    };
    let named = sources.read(&settings::TRUSTED_PROXIES, value::list)?;
    let is_alone = !listens_here || endpoint::is_loopback(&place.public_url);
    if is_alone || named.is_some_and(|named| !named.is_empty()) {
        return Ok(None);
    }
    Ok(Some("everybody comes by a proxy on this machine, and nobody is told from another: name it, trusted_proxies = [\"127.0.0.1\"], and let it set X-Forwarded-For".into()))
}

/// What works, and is perhaps not what was meant.
fn warnings(config: &mut BrokerConfig) -> Vec<String> {
    let mut warnings: Vec<String> = config.upstreams.iter().filter_map(without_secret).collect();
    warnings.extend(config.clients.iter().filter_map(|client| {
        let scope = scope_of_nobody(client, &config.scopes)?;
        Some(format!(
            "clients.{}.scope: there is no scope {scope:?} here; add it to scopes",
            client.id
        ))
    }));
    let hands_out = config
        .pairing
        .is_some_and(|pairing| pairing.returns == PairingReturns::AccessToken);
    if !hands_out {
        for upstream in config.upstreams.iter_mut().filter(|it| it.hand_out_tokens) {
            // What nobody gets is not kept.
            upstream.hand_out_tokens = false;
            warnings.push(format!(
                "upstreams.{}.hand_out_tokens: nobody gets these tokens, so none are kept; pairing.returns = \"access_token\" hands them out",
                upstream.name
            ));
        }
    } else if config.keys.home == KeysHome::Store && config.keys.upstream_tokens.is_none() {
        warnings.push("whoever reads the store can open the providers' tokens in it, because the keys are there too; name a key with keys.upstream_token_key_file or OARLOCK_UPSTREAM_TOKEN_KEY".into());
    }
    warnings
}
