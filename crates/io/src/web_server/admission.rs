//! Who is let in: connections are counted, once when they come and once when they go.

use super::WebLimits;
use ipnet::IpNet;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};
use tokio::{
    sync::{oneshot, watch},
    task::Id,
};

/// The network that stands for an address where addresses are counted: of IPv6 its /64, which is what one customer gets at least.
///
/// An IPv4 address mapped into IPv6 is the IPv4 address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(network).into()
        }
        v4 => v4,
    }
}

/// All open connections.
#[derive(Debug)]
pub(super) struct Admission {
    limits: WebLimits,
    open: HashMap<Id, Open>,
    networks: HashMap<IpAddr, usize>,
    told: bool,
    /// Whether more than half of the connections are taken.
    crowd: watch::Sender<bool>,
}

#[derive(Debug)]
struct Open {
    network: Option<IpAddr>,
    stop: oneshot::Sender<()>,
}

/// Room for one connection.
#[derive(Debug)]
pub(super) struct Ticket(Option<IpAddr>);

impl Admission {
    pub(super) fn new(limits: WebLimits) -> Self {
        Self {
            limits,
            open: HashMap::new(),
            networks: HashMap::new(),
            told: false,
            crowd: watch::Sender::new(false),
        }
    }

    /// Whether connections are scarce, and idle ones have to go sooner.
    pub(super) fn crowd(&self) -> watch::Receiver<bool> {
        self.crowd.subscribe()
    }

    fn count(&mut self) {
        let (open, half) = (self.open.len(), self.limits.connections / 2);
        self.told = self.told && open > half;
        // Every change wakes all who idle, so it must not come and go with one connection.
        self.crowd.send_if_modified(|crowded| {
            let was = *crowded;
            *crowded = open > half || (was && open > half / 4 * 3);
            *crowded != was
        });
    }

    /// Whether there is room for one more from there. Nobody who is in has to go for it.
    pub(super) fn ask(&mut self, peer: &SocketAddr) -> Option<Ticket> {
        if self.open.len() >= self.limits.connections {
            if !self.told {
                self.told = true;
                tracing::warn!(
                    open = self.open.len(),
                    "too many connections; new ones are refused"
                );
            }
            return None;
        }
        if !self.is_counted(peer.ip()) {
            return Some(Ticket(None));
        }
        let network = network(peer.ip());
        let open = self.networks.get(&network).copied().unwrap_or_default();
        if open >= self.limits.connections_per_peer {
            tracing::debug!(%network, open, "too many connections of one address");
            return None;
        }
        Some(Ticket(Some(network)))
    }

    /// The connection runs in this task and can be told to end.
    pub(super) fn enter(&mut self, ticket: Ticket, task: Id, stop: oneshot::Sender<()>) {
        let network = ticket.0;
        if let Some(network) = network {
            *self.networks.entry(network).or_default() += 1;
        }
        self.open.insert(task, Open { network, stop });
        self.count();
    }

    /// The task has ended.
    pub(super) fn leave(&mut self, task: Id) {
        let Some(Open { network, .. }) = self.open.remove(&task) else {
            return;
        };
        self.count();
        let Some(network) = network else {
            return;
        };
        match self.networks.get_mut(&network) {
            Some(open) if *open > 1 => *open -= 1,
            _ => drop(self.networks.remove(&network)),
        }
    }

    /// Tells every connection to end.
    pub(super) fn stop(self) {
        for open in self.open.into_values() {
            // One that has just ended does not listen any more.
            open.stop.send(()).ok();
        }
    }

    fn is_counted(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let contains = |network: &IpNet| network.contains(&address);
        !address.is_loopback() && !self.limits.uncounted.iter().any(contains)
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, network};
    use crate::web_server::WebLimits;
    use std::net::{IpAddr, SocketAddr};
    use std::time::Duration;
    use tokio::{sync::oneshot, task::Id};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn hostile_38_an_ipv6_customer_is_one_peer() {
        for (one, of) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            assert_eq!(network(address(one)), address(of), "{one}");
        }
    }

    /// The id of a task that is over.
    async fn task() -> Id {
        let task = tokio::spawn(async {});
        let id = task.id();
        task.await.unwrap();
        id
    }

    async fn let_in(admission: &mut Admission, from: &str) -> Option<Id> {
        let ticket = admission.ask(&SocketAddr::new(address(from), 1))?;
        let id = task().await;
        admission.enter(ticket, id, oneshot::channel().0);
        Some(id)
    }

    #[tokio::test]
    async fn hostile_38_connections_are_counted_in_all_and_for_each_address() {
        let mut admission = Admission::new(WebLimits {
            connections: 6,
            connections_per_peer: 2,
            uncounted: vec!["10.0.0.0/8".parse().unwrap()],
            drain: Duration::ZERO,
        });
        let first = let_in(&mut admission, "192.0.2.1").await.unwrap();
        assert!(let_in(&mut admission, "::ffff:192.0.2.1").await.is_some());
        assert!(let_in(&mut admission, "192.0.2.1").await.is_none());
        assert!(let_in(&mut admission, "192.0.2.2").await.is_some());
        for uncounted in ["10.1.1.1", "::ffff:10.1.1.1", "127.0.0.1"] {
            assert!(let_in(&mut admission, uncounted).await.is_some());
        }
        assert!(let_in(&mut admission, "10.1.1.1").await.is_none(), "in all");
        assert!(*admission.crowd().borrow());
        admission.leave(first);
        admission.leave(first);
        assert!(let_in(&mut admission, "192.0.2.1").await.is_some());
        assert!(let_in(&mut admission, "192.0.2.1").await.is_none());
        assert_eq!(admission.networks.len(), 2);
    }
}
