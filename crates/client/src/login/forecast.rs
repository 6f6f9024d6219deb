//! What a login would do here and now, without doing it.

use oarlock_oauth::profile::ProviderProfile;

use super::{auto, auto::Plan, situation::Situation};
use crate::{Client, options::Browser};

/// The way [`Flow::Auto`](super::Flow::Auto) would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forecast {
    /// It waits on a port of this machine, and for a paste where somebody can paste.
    Loopback {
        /// Whether somebody can.
        paste: bool,
    },
    /// It asks for the code that the provider's page shows.
    HostedPage,
    /// It shows a code to enter on another device.
    Device,
    /// Nothing can work, and why.
    Nothing(&'static str),
}

impl Client {
    /// The way a login would go by itself, with a profile that is complete.
    pub fn forecast(&self, profile: &ProviderProfile, browser: &Browser) -> Forecast {
        let can_paste = self.interaction().can_paste();
        match auto::plan(Situation::here(
            profile,
            browser,
            self.environment(),
            can_paste,
        )) {
            Plan::Loopback { paste } => Forecast::Loopback { paste },
            Plan::HostedPage => Forecast::HostedPage,
            Plan::Device => Forecast::Device,
            Plan::Nothing(reason) => Forecast::Nothing(reason),
        }
    }
}
