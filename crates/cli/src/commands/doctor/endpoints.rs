//! The provider's addresses: name, connection, TLS, metadata, keys, token endpoint, clock.

use oarlock::{
    Client, Error, ErrorKind,
    oauth::{
        metadata::MetadataError,
        profile::{Pkce, ProviderProfile},
    },
    probe::ProviderReport,
};
use oarlock_io::HttpError;
use url::{Host, Url};

use super::report::{Report, sentence};

/// The provider after it was asked.
pub(super) struct Found {
    /// Completed by its metadata.
    pub(super) profile: ProviderProfile,
    /// Whether that, or the configuration, says all there is to know.
    pub(super) complete: bool,
}

/// Where a login would turn to first.
fn first_address(profile: &ProviderProfile) -> Option<Url> {
    let issuer = profile
        .issuer
        .as_ref()
        .map(|issuer| issuer.endpoint().url().clone());
    issuer.or_else(|| {
        profile
            .token_endpoint
            .as_ref()
            .map(|endpoint| endpoint.url().clone())
    })
}

/// Scheme, host and port of that.
pub(super) fn first_origin(profile: &ProviderProfile) -> Option<String> {
    first_address(profile).map(|url| url.origin().ascii_serialization())
}

/// Asks the provider.
pub(super) async fn examine(
    client: &Client,
    name: &str,
    profile: ProviderProfile,
    report: &mut Report,
) -> Found {
    let Some(address) = first_address(&profile) else {
        // Manual mode needs no server.
        if profile.manual_token.is_none() {
            report
                .problem(
                    "endpoints",
                    format!(
                        "{} has neither an issuer nor endpoints.",
                        profile.display_name()
                    ),
                )
                .kind(ErrorKind::Usage);
        }
        return Found {
            profile,
            complete: true,
        };
    };
    let probed = match client.probe(name).await {
        Ok(probed) => probed,
        Err(error) => {
            report.error("endpoints", &error);
            return Found {
                profile,
                complete: false,
            };
        }
    };
    let reached = reach(&address, first_error(&probed), report);
    if !reached {
        for check in ["metadata", "keys", "token-endpoint", "clock"] {
            report.skipped(check, "The provider must be reached first.");
        }
        return Found {
            profile: probed.profile,
            complete: false,
        };
    }
    let known = metadata(&probed, report);
    keys(&probed, known, report);
    token_endpoint(&probed, known, report);
    clock(&probed, report);
    Found {
        profile: probed.profile,
        complete: known,
    }
}

/// The error of the very first request.
fn first_error(probed: &ProviderReport) -> Option<&HttpError> {
    let first = match (&probed.metadata, &probed.token_endpoint) {
        (Some(metadata), _) => metadata.as_ref().err(),
        (None, Some(token)) => token.as_ref().err(),
        (None, None) => None,
    };
    match first {
        Some(Error::Http(error)) => Some(error),
        _ => None,
    }
}

/// Name, connection and TLS, each of which needs the one before it; whether all of it worked.
fn reach(address: &Url, error: Option<&HttpError>, report: &mut Report) -> bool {
    let host = address.host_str().unwrap_or_default();
    let origin = address.origin().ascii_serialization();
    let failed_at = match error {
        Some(HttpError::Dns { .. }) => Some(0),
        Some(HttpError::Connect { .. } | HttpError::TimedOut { sent: false, .. }) => Some(1),
        Some(HttpError::Tls { .. }) => Some(2),
        _ => None,
    };
    let mut stages = Vec::new();
    if matches!(address.host(), Some(Host::Domain(_))) {
        stages.push((0, "name", format!("{host} has an address.")));
    }
    stages.push((1, "connection", format!("{origin} takes connections.")));
    if address.scheme() == "https" {
        stages.push((2, "tls", "The certificate is good.".into()));
    }
    for (stage, check, well) in stages {
        match (failed_at, error) {
            (Some(failed), Some(error)) if failed == stage => network_problem(check, error, report),
            (Some(failed), _) if failed < stage => {
                report.skipped(check, "The step before it must work first.")
            }
            _ => {
                report.ok(check, well);
            }
        }
    }
    failed_at.is_none()
}

fn network_problem(check: &'static str, error: &HttpError, report: &mut Report) {
    let found = report
        .problem(check, sentence(&error.to_string()))
        .kind(ErrorKind::Network);
    match error {
        HttpError::Dns { .. } => found.advice("Is the name right, and is there a network? Where only a proxy leads out, set HTTPS_PROXY."),
        HttpError::Connect { .. } => found.advice("Is the address right, is the server running, and does a firewall let you through?"),
        HttpError::TimedOut { .. } => found.advice("Is there a network, and is it slow? A longer timeout can be set under [network]."),
        // The others say it themselves.
        _ => found,
    };
}

/// Whether endpoints can be known.
fn metadata(probed: &ProviderReport, report: &mut Report) -> bool {
    let profile = &probed.profile;
    let Some(result) = &probed.metadata else {
        report.ok(
            "metadata",
            "None is needed: no issuer is configured, the endpoints are.",
        );
        return true;
    };
    let found = |report: &mut Report| {
        report.ok("metadata", "Found.");
    };
    match result {
        Ok(()) => {
            found(report);
            report.ok("issuer", "The metadata is for exactly this issuer.");
            pkce(profile, report);
            true
        }
        Err(
            error @ Error::Discovery {
                source: MetadataError::WrongIssuer { .. },
                ..
            },
        ) => {
            found(report);
            report.error("issuer", error).advice("Use the address exactly as the provider writes it. If it is right, do not log in: somebody may stand between.");
            false
        }
        Err(
            error @ Error::Discovery {
                source: MetadataError::NoPkce,
                ..
            },
        ) => {
            found(report);
            report.ok("issuer", "The metadata is for exactly this issuer.");
            report.error("pkce", error).advice("Without it a stolen code can be used. If you must: set pkce = \"optional\" for this provider.");
            false
        }
        Err(Error::Http(error)) => {
            network_problem("metadata", error, report);
            false
        }
        Err(error) => {
            report.error("metadata", error);
            false
        }
    }
}

fn pkce(profile: &ProviderProfile, report: &mut Report) {
    match profile.pkce {
        Pkce::None => report.warning(
            "pkce",
            "The configuration says that this provider has none; a stolen code can be used.",
        ),
        Pkce::Required | Pkce::Optional => report.ok("pkce", "S256 is sent with every login."),
    };
}

fn keys(probed: &ProviderReport, known: bool, report: &mut Report) {
    const CHECK: &str = "keys";
    match &probed.keys {
        Some(Ok(0)) => {
            report.problem(
                CHECK,
                "There are none: an ID token cannot be checked, and logins would be refused.",
            );
        }
        Some(Ok(count)) => {
            report.ok(CHECK, format!("{count} to check ID tokens with."));
        }
        Some(Err(Error::Http(error))) => network_problem(CHECK, error, report),
        Some(Err(error)) => {
            report.error(CHECK, error);
        }
        None if known => {
            report.ok(
                CHECK,
                "There are none: this provider's ID tokens are not used.",
            );
        }
        None => report.skipped(CHECK, "The metadata must be right first."),
    }
}

fn token_endpoint(probed: &ProviderReport, known: bool, report: &mut Report) {
    const CHECK: &str = "token-endpoint";
    match &probed.token_endpoint {
        Some(Ok(_)) => {
            report.ok(CHECK, "It answers.");
        }
        Some(Err(Error::Http(error))) => network_problem(CHECK, error, report),
        Some(Err(error)) => {
            report.error(CHECK, error);
        }
        None if known => {
            report
                .problem(CHECK, "It is not known.")
                .kind(ErrorKind::Usage)
                .advice("Configure token_endpoint, or the issuer.");
        }
        None => report.skipped(CHECK, "The metadata must be right first."),
    }
}

fn clock(probed: &ProviderReport, report: &mut Report) {
    const CHECK: &str = "clock";
    let Some(Ok(offset)) = &probed.token_endpoint else {
        report.skipped(CHECK, "Nobody told the time.");
        return;
    };
    if *offset == 0 {
        report.ok(CHECK, "This machine and the server agree.");
        return;
    }
    let direction = if *offset > 0 { "behind" } else { "ahead of" };
    let by = oarlock::duration::spell(std::time::Duration::from_secs(offset.unsigned_abs()));
    report
        .warning(CHECK, format!("This machine's clock is {by} {direction} the server's."))
        .advice("Tokens are taken by the server's time, so logins work; certificates and other programs may not. Set the clock right.");
}
