//! The relay behind a real nginx, with the site of `deploy/nginx`.

mod addresses;
mod callbacks;
mod outages;
mod readings;
mod remote;
mod site;

use crate::relay::{Relay, Settings};
use site::Outside;

pub(crate) use site::Nginx;

const STATE: &str = "canary-state-0123456789";
const QUERY: &str = "code=canary-code&state=canary-state-0123456789";

/// What the site's comment says of the relay.
const TOP: &str = "public_url = \"https://login.example.com\"\ntrusted_proxies = [\"127.0.0.1\"]";

/// A relay as the site wants it, and nginx before it.
pub(crate) fn relay_behind_nginx(lines: &str) -> (Relay, Nginx) {
    let relay = Relay::start(Settings {
        top: TOP,
        relay: lines,
        ..Settings::default()
    });
    let nginx = Nginx::before(relay.http());
    (relay, nginx)
}
