//! Everything that is to be served, merged and checked before anything is opened.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use oarlock::config::ConfigError;
use oarlock_io::{Environment, telemetry};
use oarlock_server::config::{
    HttpLimits, ListenAddress, LocalAddress, RelayConfig, ServerConfig, TlsConfig,
};
use toml::Value;
use url::{Host, Url};

use super::{
    broker::{self, Place},
    relay,
    sources::Sources,
    value,
};
use crate::{
    failure::Failure,
    settings::{self, Setting},
};

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5001);
/// The largest body that may be configured.
const LARGEST_BODY: u64 = 1 << 20;

/// What `serve` is about to do.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) config: ServerConfig,
    pub(super) log: String,
    pub(super) log_format: telemetry::Format,
    /// What the operator should know.
    pub(super) warnings: Vec<String>,
}

/// Sockets that the service manager passes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    pub(super) http: bool,
    pub(super) relay: bool,
}

impl Passed {
    /// Reads their names (sd_listen_fds_with_names(3)); the sockets themselves are taken when all is checked.
    ///
    /// # Errors
    /// A name that nothing here has.
    pub(super) fn of(environment: &Environment) -> Result<Self, Failure> {
        let mut passed = Self::default();
        let ours = std::process::id().to_string();
        let is_for_us = environment.get("LISTEN_PID") == Some(ours.as_str());
        if !is_for_us || environment.get("LISTEN_FDS").unwrap_or("0") == "0" {
            return Ok(passed);
        }
        for name in environment
            .get("LISTEN_FDNAMES")
            .unwrap_or("unknown")
            .split(':')
        {
            match name {
                "http" => passed.http = true,
                "relay" => passed.relay = true,
                other => {
                    return Err(Failure::usage(format!(
                        "the service manager passes a socket named {other:?}; the names are http and relay (FileDescriptorName= of the socket unit)"
                    )));
                }
            }
        }
        Ok(passed)
    }
}

impl Plan {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// The place, the key, and what would be right; nothing to serve.
    pub(super) fn read(sources: &Sources<'_>, passed: Passed) -> Result<Self, Failure> {
        sources.check_keys()?;
        if !sources.say_anything() && !passed.http && !passed.relay {
            return Err(nothing_configured(&sources.warnings()));
        }
        let mut warnings = sources.warnings();
        let (listen, public_url) = addresses(sources, passed)?;
        if passed.http && read(sources, &settings::LISTEN, value::address)?.is_some() {
            warnings.push(
                "the service manager passes the socket for HTTP; `listen` is not used".into(),
            );
        }
        let tls = tls(sources)?;
        if tls.is_some()
            && public_url
                .as_ref()
                .is_some_and(|url| url.scheme() == "http")
        {
            let message =
                "the server speaks TLS (tls.certificate), so that this begins with https://";
            return Err(sources.error(&settings::PUBLIC_URL, message).into());
        }
        let place = Place {
            listen,
            public_url: planned_url(sources, listen, public_url.as_ref(), tls.is_some())?,
        };
        let broker = broker::read(sources, &place)?;
        let relay = relay(sources, passed, broker.is_some())?;
        if let Some(url) = &public_url
            && url.scheme() == "http"
            && !oarlock_oauth::endpoint::is_loopback(url)
        {
            warnings.push(format!(
                "{url} is not https: authorization codes cross the network for everybody to read"
            ));
        }
        warnings.extend(relay.as_ref().and_then(everybodys_port));
        let broker = broker.map(|broker| {
            warnings.extend(broker.warnings);
            broker.config
        });
        let config = ServerConfig {
            listen,
            public_url,
            allowed_hosts: read(sources, &settings::ALLOWED_HOSTS, hosts)?.unwrap_or_default(),
            trusted_proxies: read(sources, &settings::TRUSTED_PROXIES, proxies)?
                .unwrap_or_default(),
            metrics_listen: metrics(sources, listen)?,
            http: http(sources)?,
            tls,
            relay,
            broker,
        };
        let log = read(sources, &settings::LOG, level)?;
        Ok(Self {
            config,
            log: log.unwrap_or_else(|| "info".into()),
            log_format: read(sources, &settings::LOG_FORMAT, log_format)?.unwrap_or_default(),
            warnings,
        })
    }
}

/// The relay, unless it is turned off; then there must be a broker.
fn relay(
    sources: &Sources<'_>,
    passed: Passed,
    has_broker: bool,
) -> Result<Option<RelayConfig>, Failure> {
    let is_on = sources.read(&settings::ENABLED, value::boolean)?;
    if is_on == Some(false) && !has_broker {
        return Err(Failure::usage(
            "nothing to serve: the relay is turned off, and there is no broker",
        )
        .with_hint(format!(
            "{WHAT_IT_NEEDS}\nThe relay: leave out --no-relay, or set relay.enabled to true."
        )));
    }
    let passed = Passed {
        // Its settings are checked all the same; but one that is not there needs no place for programs, and no home to have it in.
        relay: passed.relay || is_on == Some(false),
        ..passed
    };
    let relay = relay::read(sources, passed)?;
    if has_broker {
        broker::check_relay(sources, &relay)?;
    }
    Ok((is_on != Some(false)).then_some(relay))
}

/// A port that everybody may use.
fn everybodys_port(relay: &RelayConfig) -> Option<String> {
    match relay.local {
        LocalAddress::Tcp {
            address,
            open: true,
        } if !address.ip().is_loopback() => Some(format!(
            "everybody who reaches {address} can register there and take codes (insecure_tcp)"
        )),
        _ => None,
    }
}

const WHAT_IT_NEEDS: &str = "To try a broker on this machine:  oarlock serve --upstream dev\nA broker on the public web:       oarlock serve --upstream github --public-url https://login.example.com\nA relay on this machine:          oarlock serve --relay\nA relay on the public web:        oarlock serve --public-url https://login.example.com";

/// The warnings tell of variables whose names are mistyped.
fn nothing_configured(warnings: &[String]) -> Failure {
    let mut hint = WHAT_IT_NEEDS.to_owned();
    for warning in warnings {
        hint.push('\n');
        hint.push_str(warning);
    }
    Failure::usage("nothing is configured to be served").with_hint(hint)
}

fn read<T>(
    sources: &Sources<'_>,
    setting: &Setting,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Option<T>, ConfigError> {
    sources.read(setting, read)
}

/// Where HTTP is, and what browsers call it.
fn addresses(
    sources: &Sources<'_>,
    passed: Passed,
) -> Result<(ListenAddress, Option<Url>), ConfigError> {
    let address = read(sources, &settings::LISTEN, value::address)?.unwrap_or(LISTEN);
    let public_url = read(sources, &settings::PUBLIC_URL, public_url)?;
    let listen = if passed.http {
        ListenAddress::Passed
    } else {
        ListenAddress::Bind(address)
    };
    if public_url.is_some() {
        return Ok((listen, public_url));
    }
    if passed.http {
        return Err(sources.error(
            &settings::PUBLIC_URL,
            "the service manager passes the socket, so this must be said: what browsers call this server, such as https://login.example.com",
        ));
    }
    if !address.ip().is_loopback() {
        return Err(sources.error(
            &settings::LISTEN,
            "this is not loopback, so --public-url (public_url) must say what browsers call this server, such as https://login.example.com",
        ));
    }
    // Browsers on this machine call it by its address.
    Ok((listen, None))
}

/// What browsers will call the server, as far as that is known before anything is bound.
fn planned_url(
    sources: &Sources<'_>,
    listen: ListenAddress,
    public_url: Option<&Url>,
    has_tls: bool,
) -> Result<Url, ConfigError> {
    let ((Some(url), _) | (None, Ok(url))) = (public_url.cloned(), own_url(listen, has_tls)) else {
        let message = "write what browsers call this server, such as https://login.example.com";
        return Err(sources.error(&settings::PUBLIC_URL, message));
    };
    Ok(url)
}

fn own_url(listen: ListenAddress, has_tls: bool) -> Result<Url, url::ParseError> {
    let scheme = if has_tls { "https" } else { "http" };
    match listen {
        ListenAddress::Bind(address) => Url::parse(&format!("{scheme}://{address}/")),
        ListenAddress::Passed => Err(url::ParseError::EmptyHost),
    }
}

fn tls(sources: &Sources<'_>) -> Result<Option<TlsConfig>, ConfigError> {
    let path = |value: &Value| value::absolute(value, "/etc/oarlock/server.pem");
    let certificate = read(sources, &settings::TLS_CERTIFICATE, path)?;
    let key = read(sources, &settings::TLS_KEY, path)?;
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsConfig { certificate, key })),
        (Some(_), None) => Err(sources.error(
            &settings::TLS_KEY,
            "the certificate (tls.certificate) is of no use without its key; name its file here",
        )),
        (None, Some(_)) => Err(sources.error(
            &settings::TLS_CERTIFICATE,
            "the key (tls.key) is of no use without its certificate; name its file here",
        )),
    }
}

fn public_url(value: &Value) -> Result<Url, String> {
    const RIGHT: &str = "write scheme, host and port alone, such as https://login.example.com";
    let url = Url::parse(&value::text(value)?).map_err(|_| RIGHT)?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_bare || !url.has_host() || !matches!(url.scheme(), "https" | "http") {
        return Err(RIGHT.into());
    }
    if matches!(url.host(), Some(Host::Ipv4(address)) if address.is_unspecified())
        || matches!(url.host(), Some(Host::Ipv6(address)) if address.is_unspecified())
    {
        return Err(format!("no browser can call this address; {RIGHT}"));
    }
    Ok(url)
}

fn hosts(value: &Value) -> Result<Vec<String>, String> {
    let hosts = value::list(value)?;
    match hosts.iter().find(|host| !is_host(host)) {
        Some(host) => Err(format!(
            "{host:?} is no host; write names as \"login.example.com\" or \"login.example.com:8443\", without https://"
        )),
        None => Ok(hosts),
    }
}

/// A name or an address, with a port or without, and nothing around it.
fn is_host(text: &str) -> bool {
    let name = match text.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => text,
    };
    // A host of a URL may be `*`, which means nothing here.
    let is_same = |host: Host| host.to_string().eq_ignore_ascii_case(name) && !name.contains('*');
    text.parse::<Ipv6Addr>().is_ok() || Host::parse(name).is_ok_and(is_same)
}

fn proxies(value: &Value) -> Result<Vec<IpNet>, String> {
    let network = |word: &String| {
        let network = word
            .parse::<IpNet>()
            .or_else(|_| word.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| {
                format!("{word:?} is no address or network; write 127.0.0.1 or 10.0.0.0/8")
            })?;
        if network.prefix_len() == 0 {
            return Err(format!(
                "{word:?} is everybody; name the proxies alone, such as 127.0.0.1 or 10.0.0.0/8"
            ));
        }
        Ok(network)
    };
    value::list(value)?.iter().map(network).collect()
}

fn metrics(
    sources: &Sources<'_>,
    listen: ListenAddress,
) -> Result<Option<SocketAddr>, ConfigError> {
    let address = read(sources, &settings::METRICS_LISTEN, value::address)?;
    if let (Some(metrics), ListenAddress::Bind(public)) = (address, listen)
        && metrics == public
        && metrics.port() != 0
    {
        return Err(sources.error(
            &settings::METRICS_LISTEN,
            "metrics are never on the public address; take another port, such as 127.0.0.1:9464",
        ));
    }
    Ok(address)
}

fn http(sources: &Sources<'_>) -> Result<HttpLimits, ConfigError> {
    let default = HttpLimits::default();
    let body = |value: &Value| value::number(value, 1_024, LARGEST_BODY);
    let unmatched = |value: &Value| value::number(value, 0, 1_000_000);
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let large = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(HttpLimits {
        connections: read(sources, &settings::HTTP_CONNECTIONS, value::count)?
            .unwrap_or(default.connections),
        connections_per_peer: read(sources, &settings::HTTP_PER_PEER, value::count)?
            .unwrap_or(default.connections_per_peer),
        body: read(sources, &settings::HTTP_BODY, body)?.map_or(default.body, large),
        unmatched_per_minute: read(sources, &settings::UNMATCHED, unmatched)?
            .map_or(default.unmatched_per_minute, small),
    })
}

fn level(value: &Value) -> Result<String, String> {
    let level = value::text(value)?;
    telemetry::check_level(&level)?;
    Ok(level)
}

fn log_format(value: &Value) -> Result<telemetry::Format, String> {
    match value::text(value)?.to_ascii_lowercase().as_str() {
        "text" => Ok(telemetry::Format::Text),
        "json" => Ok(telemetry::Format::Json),
        _ => Err("write text or json".into()),
    }
}

#[cfg(test)]
mod tests;
