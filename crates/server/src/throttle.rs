//! What strangers try too often, counted for each address (hostile.md, 10): callbacks that nobody waits for, codes that are wrong.

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{
        InMemoryState, NotKeyed, StateStore,
        keyed::{HashMapStateStore, ShrinkableKeyedStateStore},
    },
};
use oarlock_io::web_server::network;
use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Addresses that are remembered at once.
const ADDRESSES: usize = 65_536;

/// After so many misses those that are forgiven are forgotten.
const SWEEP: usize = 8_192;

/// Lets each address, or /64 of IPv6, miss so often in a time.
///
/// An address is forgotten once its misses are forgiven. Of more addresses than can be remembered the newcomers
/// count as one: who is known keeps its own allowance, and memory stays bounded.
#[derive(Debug)]
pub(crate) struct Throttle<C: Clock = DefaultClock>(Option<Misses<C>>);

#[derive(Debug)]
struct Misses<C: Clock> {
    limiter: RateLimiter<IpAddr, Bounded, C, NoOpMiddleware<C::Instant>>,
    /// The limiter's own.
    states: Bounded,
    /// What one miss costs: the time in which it is forgiven.
    cost: Duration,
    since_sweep: AtomicUsize,
}

impl Throttle {
    /// With 0 everything is let through, and nothing is counted.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self::within(per_minute, MINUTE)
    }

    /// So many in that time, at once or one by one.
    pub(crate) fn within(most: u32, time: Duration) -> Self {
        Self::with(most, time, DefaultClock::default(), ADDRESSES)
    }
}

impl<C: Clock> Throttle<C> {
    fn with(most: u32, time: Duration, clock: C, addresses: usize) -> Self {
        let quota = NonZeroU32::new(most).and_then(|most| {
            let cost = time / most.get();
            Some((cost, Quota::with_period(cost)?.allow_burst(most)))
        });
        Self(quota.map(|(cost, quota)| {
            let states = Bounded::new(addresses);
            Misses {
                limiter: RateLimiter::new(quota, states.clone(), clock),
                states,
                cost,
                since_sweep: AtomicUsize::new(0),
            }
        }))
    }

    /// Counts a miss of this address.
    ///
    /// # Errors
    /// It has missed too often; how long it has to wait.
    pub(crate) fn miss(&self, address: IpAddr) -> Result<(), Duration> {
        let Some(misses) = &self.0 else {
            return Ok(());
        };
        // Exactly one of those who count up to it sweeps.
        if misses.since_sweep.fetch_add(1, Ordering::Relaxed) + 1 == SWEEP {
            misses.since_sweep.store(0, Ordering::Relaxed);
            misses.limiter.retain_recent();
            misses.limiter.shrink_to_fit();
        }
        let checked = misses.limiter.check_key(&network(address));
        checked.map_err(|until| until.wait_time_from(misses.limiter.clock().now()))
    }

    /// Takes one [`miss`](Self::miss) of this address back: the program came, and it was none.
    pub(crate) fn forgive(&self, address: IpAddr) {
        let Some(misses) = &self.0 else {
            return;
        };
        let cost = Nanos::from(misses.cost).as_u64();
        // An address that was forgotten meanwhile owes nothing, and is left so.
        let forgiven = misses
            .states
            .measure_and_replace(&network(address), |owed| {
                owed.map(|owed| ((), Nanos::new(owed.as_u64().saturating_sub(cost))))
                    .ok_or(())
            });
        if forgiven.is_err() {
            tracing::trace!("an address that came just too early owes nothing");
        }
    }
}

/// States of so many addresses, and one for all others; cheap to clone.
#[derive(Clone, Debug)]
struct Bounded(Arc<States>);

#[derive(Debug)]
struct States {
    known: HashMapStateStore<IpAddr>,
    others: InMemoryState,
    most: usize,
}

impl Bounded {
    fn new(most: usize) -> Self {
        Self(Arc::new(States {
            known: HashMapStateStore::default(),
            others: InMemoryState::default(),
            most,
        }))
    }

    fn has_room_for(&self, address: &IpAddr) -> bool {
        let known = self.0.known.lock();
        known.len() < self.0.most || known.contains_key(address)
    }
}

impl StateStore for Bounded {
    type Key = IpAddr;

    fn measure_and_replace<T, F, E>(&self, address: &IpAddr, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        if self.has_room_for(address) {
            self.0.known.measure_and_replace(address, decide)
        } else {
            self.0.others.measure_and_replace(&NotKeyed::NonKey, decide)
        }
    }
}

impl ShrinkableKeyedStateStore<IpAddr> for Bounded {
    fn retain_recent(&self, drop_below: Nanos) {
        self.0.known.retain_recent(drop_below);
    }

    fn shrink_to_fit(&self) {
        self.0.known.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.0.known.len()
    }

    fn is_empty(&self) -> bool {
        self.0.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{ADDRESSES, MINUTE, SWEEP, Throttle};
    use governor::clock::FakeRelativeClock;
    use std::{
        net::{IpAddr, Ipv4Addr},
        time::Duration,
    };

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    fn kept(throttle: &Throttle<FakeRelativeClock>) -> usize {
        throttle.0.as_ref().unwrap().limiter.len()
    }

    #[test]
    fn hostile_10_an_address_that_misses_often_has_to_wait_and_is_forgiven() {
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::with(3, MINUTE, clock.clone(), ADDRESSES);
        for _ in 0..3 {
            assert_eq!(throttle.miss(address(1)), Ok(()));
        }
        let wait = throttle.miss(address(1)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(20));
        assert_eq!(throttle.miss(address(2)), Ok(()), "others are unaffected");
        clock.advance(wait);
        assert_eq!(throttle.miss(address(1)), Ok(()));
        assert!(throttle.miss(address(1)).is_err());
    }

    #[test]
    fn a_miss_that_was_none_is_taken_back() {
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::with(2, MINUTE, clock.clone(), ADDRESSES);
        for _ in 0..100 {
            assert_eq!(throttle.miss(address(1)), Ok(()));
            throttle.forgive(address(1));
        }
        // No more is taken back than was counted.
        throttle.forgive(address(2));
        for number in [1, 2] {
            assert_eq!(throttle.miss(address(number)), Ok(()), "{number}");
            assert_eq!(throttle.miss(address(number)), Ok(()), "{number}");
            assert!(throttle.miss(address(number)).is_err(), "{number}");
        }
    }

    #[test]
    fn hostile_10_an_ipv6_customer_is_throttled_as_one() {
        let throttle = Throttle::new(1);
        let miss = |address: &str| throttle.miss(address.parse().unwrap()).is_ok();
        assert!(miss("2001:db8:1:2:3::4"));
        assert!(!miss("2001:db8:1:2:ffff::"));
        assert!(miss("2001:db8:1:3::4"));
    }

    #[test]
    fn none_is_no_limit() {
        let throttle = Throttle::new(0);
        assert!(throttle.0.is_none());
        assert!((0..100_000).all(|_| throttle.miss(address(1)).is_ok()));
    }

    #[test]
    fn hostile_38_a_flood_of_addresses_takes_no_more_memory_and_harms_nobody_who_is_known() {
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::with(2, MINUTE, clock.clone(), 100);
        assert_eq!(throttle.miss(address(0)), Ok(()));
        for number in 1..1_000 {
            let taken = throttle.miss(address(number)).is_ok();
            // The hundred that are known, then as many as one address has.
            assert_eq!(taken, number < 102, "{number}");
        }
        assert_eq!(kept(&throttle), 100);
        assert_eq!(throttle.miss(address(0)), Ok(()), "known");
        assert!(throttle.miss(address(0)).is_err());
        // Once they are forgiven there is room again.
        clock.advance(Duration::from_secs(61));
        for number in 0..SWEEP {
            throttle
                .miss(address(u32::try_from(number % 50).unwrap()))
                .ok();
        }
        assert!(kept(&throttle) <= 51, "{}", kept(&throttle));
        assert_eq!(throttle.miss(address(5_000)), Ok(()));
    }
}
