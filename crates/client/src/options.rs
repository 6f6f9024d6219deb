//! How a login goes: the way, the browser, the account, the time.

use std::time::Duration;

use oarlock_oauth::scope::Scopes;

use crate::relay::RelaySettings;

/// Which way to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Flow {
    /// The relay where one is named; else loopback and paste at once where a browser is near, device where not.
    #[default]
    Auto,
    /// A redirect to a port of this machine (RFC 8252, section 7.3).
    Loopback,
    /// The person pastes the redirect's address or the code.
    Paste,
    /// A code entered on another device (RFC 8628).
    Device,
    /// A relay on the public web takes the redirect and hands it on.
    Relay,
    /// The program itself is the account (RFC 6749, section 4.4).
    ClientCredentials,
}

/// Whether and how a browser is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Browser {
    /// `BROWSER`, or the platform's, where there is a display.
    #[default]
    Auto,
    /// None; the address is shown.
    Never,
    /// This command.
    Command(String),
}

/// How to log in; the default serves most.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginOptions {
    /// Name of the account; `None`: `default`.
    pub account: Option<String>,
    /// Which way.
    pub flow: Flow,
    /// Instead of the profile's.
    pub scopes: Option<Scopes>,
    /// Ports of the loopback redirect, in order; empty: the profile's, else an ephemeral one.
    pub ports: Vec<u16>,
    /// Browser.
    pub browser: Browser,
    /// Show a QR code of the device flow's address.
    pub qr: bool,
    /// For the whole login.
    pub timeout: Duration,
    /// Which relay; `None`: the one the environment names, for [`Flow::Relay`] alone. How HTTPS is reached is the configuration's word.
    pub relay: Option<RelaySettings>,
}

impl Default for LoginOptions {
    fn default() -> Self {
        Self {
            account: None,
            flow: Flow::Auto,
            scopes: None,
            ports: Vec::new(),
            browser: Browser::Auto,
            qr: false,
            timeout: Duration::from_secs(300),
            relay: None,
        }
    }
}
