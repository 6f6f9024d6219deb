//! What one address may do only so often (hostile.md, 10).

use std::{net::IpAddr, time::Duration};

use crate::{config::broker::BrokerLimits, throttle::Throttle};

const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// One count for each kind; the error is how long to wait.
#[derive(Debug)]
pub(crate) struct Throttles {
    logins: Throttle,
    misses: Throttle,
    user_codes: Throttle,
    registrations: Throttle,
}

impl Throttles {
    pub(super) fn new(limits: &BrokerLimits) -> Self {
        Self {
            logins: Throttle::new(limits.logins_per_minute),
            misses: Throttle::new(limits.misses_per_minute),
            user_codes: Throttle::within(limits.user_code_tries, TEN_MINUTES),
            registrations: Throttle::within(limits.registrations_per_hour, HOUR),
        }
    }

    /// Counts a login that is begun.
    pub(crate) fn login(&self, from: IpAddr) -> Result<(), Duration> {
        self.logins.miss(from)
    }

    /// Counts a wrong code, refresh token or client secret.
    pub(crate) fn miss(&self, from: IpAddr) -> Result<(), Duration> {
        self.misses.miss(from)
    }

    /// Whether an address may try at all: whether it could miss once more.
    pub(crate) fn may_try(&self, from: IpAddr) -> Result<(), Duration> {
        self.misses.miss(from)?;
        self.misses.forgive(from);
        Ok(())
    }

    /// Counts a user code that is tried, before it is looked up.
    pub(crate) fn user_code(&self, from: IpAddr) -> Result<(), Duration> {
        self.user_codes.miss(from)
    }

    /// Takes a user code back that was right.
    pub(crate) fn user_code_was_right(&self, from: IpAddr) {
        self.user_codes.forgive(from);
    }

    /// Counts a client that registers.
    pub(crate) fn registration(&self, from: IpAddr) -> Result<(), Duration> {
        self.registrations.miss(from)
    }
}
