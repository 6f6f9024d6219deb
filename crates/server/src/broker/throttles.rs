//! What one address may do only so often (hostile.md, 10).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use crate::{config::broker::BrokerLimits, throttle::Throttle};

const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// So many addresses' worth may come from one neighbourhood: whoever has one IPv6 address has many.
const NEIGHBOURS: u32 = 8;

/// One count for each kind; the error is how long to wait.
#[derive(Debug)]
pub(crate) struct Throttles {
    logins: Throttle,
    logins_nearby: Throttle,
    misses: Throttle,
    user_codes: Throttle,
    user_codes_nearby: Throttle,
    registrations: Throttle,
}

impl Throttles {
    pub(super) fn new(limits: &BrokerLimits) -> Self {
        Self {
            logins: Throttle::new(limits.logins_per_minute),
            logins_nearby: Throttle::new(limits.logins_per_minute.saturating_mul(NEIGHBOURS)),
            misses: Throttle::new(limits.misses_per_minute),
            user_codes: Throttle::within(limits.user_code_tries, TEN_MINUTES),
            user_codes_nearby: Throttle::within(
                limits.user_code_tries.saturating_mul(NEIGHBOURS),
                TEN_MINUTES,
            ),
            registrations: Throttle::within(limits.registrations_per_hour, HOUR),
        }
    }

    /// Counts a login that is begun.
    pub(crate) fn login(&self, from: IpAddr) -> Result<(), Duration> {
        self.logins.miss(from)?;
        self.logins_nearby.miss(neighbourhood(from))
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
        self.user_codes.miss(from)?;
        self.user_codes_nearby.miss(neighbourhood(from))
    }

    /// Takes a user code back that was right.
    pub(crate) fn user_code_was_right(&self, from: IpAddr) {
        self.user_codes.forgive(from);
        self.user_codes_nearby.forgive(neighbourhood(from));
    }

    /// Counts a client that registers.
    pub(crate) fn registration(&self, from: IpAddr) -> Result<(), Duration> {
        self.registrations.miss(from)
    }
}

/// The /24 of IPv4, the /48 of IPv6; this machine's own addresses are as they are.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        _ if address.is_loopback() => address,
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !0xff).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_10_many_addresses_of_one_neighbourhood_are_not_many() {
        let throttles = Throttles::new(&BrokerLimits::default());
        let address = |number: u128| {
            IpAddr::from(Ipv6Addr::from_bits(
                0x2001_0db8_0001_u128 << 80 | number << 64,
            ))
        };
        let tries = (0..1_000).filter(|number| throttles.user_code(address(*number)).is_ok());
        assert_eq!(tries.count(), 40);
        let logins = (0..10_000).filter(|number| throttles.login(address(*number)).is_ok());
        assert_eq!(logins.count(), 960);
        let elsewhere: IpAddr = "2001:db8:2::1".parse().unwrap();
        assert_eq!(throttles.user_code(elsewhere), Ok(()));
        assert_eq!(throttles.login("192.0.2.1".parse().unwrap()), Ok(()));
    }
}
