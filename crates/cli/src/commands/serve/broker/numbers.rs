//! How long everything lasts, and how much of it there may be.

use std::time::Duration;

use oarlock::config::ConfigError;
use oarlock_server::config::broker::{BrokerLimits, Lifetimes};
use toml::Value;

use super::super::{sources::Sources, value};
use crate::settings::{self, Setting};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(super) fn lifetimes(sources: &Sources<'_>) -> Result<Lifetimes, ConfigError> {
    let usual = Lifetimes::default();
    let read = |setting: &Setting, usual: Duration, least: Duration, most: Duration| {
        let found = sources.read(setting, |value| value::duration(value, least, most))?;
        Ok::<_, ConfigError>(found.unwrap_or(usual))
    };
    Ok(Lifetimes {
        login: read(&settings::LOGIN_LIFETIME, usual.login, MINUTE, HOUR)?,
        // RFC 6749, section 4.1.2: ten minutes at most.
        code: read(
            &settings::CODE_LIFETIME,
            usual.code,
            5 * SECOND,
            10 * MINUTE,
        )?,
        device: read(&settings::DEVICE_LIFETIME, usual.device, MINUTE, HOUR)?,
        device_interval: read(
            &settings::DEVICE_INTERVAL,
            usual.device_interval,
            SECOND,
            MINUTE,
        )?,
        access_token: read(
            &settings::ACCESS_TOKEN_LIFETIME,
            usual.access_token,
            MINUTE,
            DAY,
        )?,
        id_token: read(&settings::ID_TOKEN_LIFETIME, usual.id_token, MINUTE, DAY)?,
        session: read(
            &settings::SESSION_LIFETIME,
            usual.session,
            5 * MINUTE,
            2 * YEAR,
        )?,
        browser_session: read(
            &settings::BROWSER_SESSION_LIFETIME,
            usual.browser_session,
            5 * MINUTE,
            YEAR,
        )?,
        unused_client: read(
            &settings::UNUSED_CLIENT_LIFETIME,
            usual.unused_client,
            HOUR,
            2 * YEAR,
        )?,
    })
}

pub(super) fn limits(sources: &Sources<'_>) -> Result<BrokerLimits, ConfigError> {
    const MOST: u64 = 10_000_000;
    let usual = BrokerLimits::default();
    let many = |setting: &Setting, usual: u64| {
        let found = sources.read(setting, |value| value::number(value, 1, MOST))?;
        Ok::<_, ConfigError>(found.unwrap_or(usual))
    };
    let few = |value: &Value| {
        let number = value::number(value, 1, 1_000_000)?;
        u32::try_from(number).map_err(|error| error.to_string())
    };
    let few = |setting: &Setting, usual: u32| {
        Ok::<_, ConfigError>(sources.read(setting, few)?.unwrap_or(usual))
    };
    Ok(BrokerLimits {
        logins: many(&settings::MAX_LOGINS, usual.logins)?,
        clients: many(&settings::MAX_CLIENTS, usual.clients)?,
        registrations_per_hour: few(
            &settings::REGISTRATIONS_PER_HOUR,
            usual.registrations_per_hour,
        )?,
        logins_per_minute: few(&settings::LOGINS_PER_MINUTE, usual.logins_per_minute)?,
        user_code_tries: few(&settings::USER_CODE_TRIES, usual.user_code_tries)?,
        misses_per_minute: few(&settings::MISSES_PER_MINUTE, usual.misses_per_minute)?,
        exchanges: sources
            .read(&settings::EXCHANGES, value::count)?
            .unwrap_or(usual.exchanges),
    })
}
