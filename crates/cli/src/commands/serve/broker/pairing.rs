//! The older face: whether it is served, and what it answers.

use oarlock::config::ConfigError;
use oarlock_server::config::broker::{
    BrokerConfig, PairingConfig, PairingReturns, UpstreamConfig, UpstreamKind,
};
use toml::Value;

use super::{
    super::{sources::Sources, value},
    Place,
};
use crate::settings;

pub(super) fn read(
    sources: &Sources<'_>,
    place: &Place,
) -> Result<Option<PairingConfig>, ConfigError> {
    let is_on = sources.read(&settings::PAIRCODE, value::boolean)?;
    let found = sources.read(&settings::PAIRING_RETURNS, returns)?;
    let pairing = PairingConfig {
        returns: found.unwrap_or_default(),
    };
    Ok(is_on
        .unwrap_or_else(|| place.is_loopback())
        .then_some(pairing))
}

/// Whoever is promised a provider's token must get one, by whichever provider a person chooses.
pub(super) fn check(sources: &Sources<'_>, config: &BrokerConfig) -> Result<(), ConfigError> {
    let promises = config
        .pairing
        .is_some_and(|pairing| pairing.returns == PairingReturns::AccessToken);
    let keeps_its_token = |upstream: &&UpstreamConfig| !upstream.hand_out_tokens;
    let Some(upstream) = config.upstreams.iter().find(keeps_its_token) else {
        return Ok(());
    };
    if !promises {
        return Ok(());
    }
    let message = match upstream.kind {
        UpstreamKind::Dev(_) => {
            "the upstream dev has no access tokens; write \"identity\", or take another upstream"
                .into()
        }
        UpstreamKind::Provider(_) => format!(
            "the tokens of {0} are not handed out; write hand_out_tokens = true under [upstreams.{0}], or \"identity\" here",
            upstream.name
        ),
    };
    Err(sources.error(&settings::PAIRING_RETURNS, &message))
}

fn returns(value: &Value) -> Result<PairingReturns, String> {
    match value::text(value)?.as_str() {
        "identity" => Ok(PairingReturns::Identity),
        "access_token" => Ok(PairingReturns::AccessToken),
        _ => Err("write \"identity\" or \"access_token\"".into()),
    }
}
