//! Chooses the way by what there is.

use oarlock_oauth::{authorization::ErrorCode, token::TokenError};

use super::{
    LoginContext, LoginTokens,
    code::{self, Paste, Way},
    device,
    landing::Landing,
    relay::Arrival,
    situation::Situation,
    unavailable,
};
use crate::{error::Error, interaction::Event};

/// Neither the person's browser nor a hand that pastes is here.
const NOBODY_HERE: &str = "there is neither a browser nor a terminal here, and the provider has no device login. \
    Run it in a terminal, or choose --flow loopback and open the address yourself";
/// The provider's entry lacks what a login starts with.
const NO_ENDPOINT: &str =
    "it has neither an authorization_endpoint nor a device_authorization_endpoint";

/// The ways `auto` can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// A loopback listener, and pasting at once where somebody can.
    Loopback {
        /// Whether it may be pasted.
        paste: bool,
    },
    /// Pasting what the provider's page shows.
    HostedPage,
    /// A code for another device.
    Device,
    /// Nothing can work, and why.
    Nothing(&'static str),
}

/// The choice. A browser that is near goes before everything; then what needs no browser near; then pasting.
pub(super) fn plan(situation: Situation) -> Plan {
    let Situation {
        opens,
        local,
        can_paste,
        authorization,
        device,
        hosted,
    } = situation;
    if !authorization {
        return if device {
            Plan::Device
        } else {
            Plan::Nothing(NO_ENDPOINT)
        };
    }
    if opens || local {
        return Plan::Loopback { paste: can_paste };
    }
    match (device, hosted, can_paste) {
        (_, true, true) => Plan::HostedPage,
        (true, _, _) => Plan::Device,
        // The listener is for a forwarded port.
        (false, false, true) => Plan::Loopback { paste: true },
        (false, _, false) => Plan::Nothing(NOBODY_HERE),
    }
}

impl Way {
    /// A listener alone.
    ///
    /// # Errors
    /// Every port is taken; the redirect URI is not one of this machine.
    pub(super) async fn loopback(
        context: &LoginContext<'_>,
        situation: Situation,
    ) -> Result<Self, Error> {
        let landing = Landing::listening(context).await?;
        Ok(Self {
            landing,
            paste: Paste::Never,
            opens: situation.opens,
            by_relay: false,
            offers_device: false,
        })
    }

    /// A relay, and pasting beside it where somebody can: a relay that fails leaves its address in the browser.
    pub(super) fn relay(arrival: Arrival, situation: Situation) -> Self {
        let paste = if situation.can_paste {
            Paste::Beside
        } else {
            Paste::Never
        };
        Self {
            landing: Landing::at_relay(arrival),
            paste,
            opens: situation.opens,
            by_relay: true,
            offers_device: false,
        }
    }

    /// Pasting alone.
    ///
    /// # Errors
    /// The redirect URI is not one of this machine.
    pub(super) fn paste(context: &LoginContext<'_>, situation: Situation) -> Result<Self, Error> {
        let landing = Landing::unattended(context)?;
        let paste = Paste::Only {
            hosted_page: situation.hosted,
        };
        Ok(Self {
            landing,
            paste,
            opens: situation.opens,
            by_relay: false,
            offers_device: false,
        })
    }
}

/// Logs in by what [`plan`] says, and by the next best where that turns out not to work.
pub(super) async fn login<T>(
    context: &LoginContext<'_>,
    situation: Situation,
    keep: impl AsyncFnOnce(LoginTokens) -> Result<T, Error>,
) -> Result<T, Error> {
    let way = match plan(situation) {
        Plan::Nothing(reason) => return Err(unavailable(context, "any flow", reason)),
        Plan::HostedPage => Way {
            offers_device: situation.device,
            ..Way::paste(context, situation)?
        },
        Plan::Loopback { paste } => match listening(context, situation, paste).await? {
            Some(way) => way,
            None => return keep(device::login(context, situation.opens).await?).await,
        },
        Plan::Device => match device::authorize(context).await {
            Ok(pending) => {
                return keep(device::tokens(context, pending, situation.opens).await?).await;
            }
            Err(error)
                if is_not_for_us(&error) && situation.authorization && situation.can_paste =>
            {
                let message = format!(
                    "the provider does not let this client log in by a device code ({error})"
                );
                context
                    .interaction
                    .notify(&Event::Warning { message: &message });
                let situation = Situation {
                    device: false,
                    ..situation
                };
                match listening(context, situation, true).await? {
                    Some(way) => way,
                    None => return Err(error),
                }
            }
            Err(error) => return Err(error),
        },
    };
    code::login(context, way, keep).await
}

/// A listener; where no port is free, pasting alone; where nobody can paste, `None` if the device flow is left.
async fn listening(
    context: &LoginContext<'_>,
    situation: Situation,
    paste: bool,
) -> Result<Option<Way>, Error> {
    let error = match Way::loopback(context, situation).await {
        Ok(way) => {
            let paste = if paste { Paste::Beside } else { Paste::Never };
            return Ok(Some(Way {
                paste,
                offers_device: situation.device,
                ..way
            }));
        }
        Err(error @ Error::Bind(_)) if paste || situation.device => error,
        Err(error) => return Err(error),
    };
    let instead = if paste {
        "the answer must be pasted"
    } else {
        "a device code is used instead"
    };
    context.interaction.notify(&Event::Warning {
        message: &format!("{error}; {instead}"),
    });
    if paste {
        Way::paste(context, situation).map(Some)
    } else {
        Ok(None)
    }
}

/// Metadata may name a device endpoint that this client may not use.
fn is_not_for_us(error: &Error) -> bool {
    match error {
        Error::Token(TokenError::Refused(response)) => {
            matches!(
                response.code,
                ErrorCode::UnauthorizedClient | ErrorCode::UnsupportedGrantType
            )
        }
        Error::Token(TokenError::Malformed { status, .. }) => matches!(status, 404 | 405 | 501),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation(facts: &str) -> Situation {
        let is = |fact| facts.split(' ').any(|word| word == fact);
        for word in facts.split(' ') {
            assert!(
                [
                    "",
                    "opens",
                    "local",
                    "terminal",
                    "no-endpoint",
                    "device",
                    "hosted"
                ]
                .contains(&word),
                "{word}"
            );
        }
        Situation {
            opens: is("opens"),
            local: is("local"),
            can_paste: is("terminal"),
            authorization: !is("no-endpoint"),
            device: is("device"),
            hosted: is("hosted"),
        }
    }

    #[test]
    fn the_choice_in_a_table() {
        const BOTH: Plan = Plan::Loopback { paste: true };
        const LOOPBACK: Plan = Plan::Loopback { paste: false };
        for (facts, expected) in [
            // A browser is near: it wins, whatever else there is.
            ("opens local terminal", BOTH),
            ("opens local", LOOPBACK),
            ("opens local terminal device", BOTH),
            ("opens local terminal hosted", BOTH),
            ("opens local device hosted", LOOPBACK),
            // --no-browser on a desktop: the person opens the address there.
            ("local terminal", BOTH),
            ("local terminal device", BOTH),
            ("local device", LOOPBACK),
            // --browser CMD over SSH: the command knows the way.
            ("opens terminal device", BOTH),
            // SSH, containers, no display.
            ("terminal", BOTH),
            ("terminal device", Plan::Device),
            ("terminal hosted", Plan::HostedPage),
            ("terminal device hosted", Plan::HostedPage),
            // The same without a terminal.
            ("device", Plan::Device),
            ("device hosted", Plan::Device),
            ("hosted", Plan::Nothing(NOBODY_HERE)),
            ("", Plan::Nothing(NOBODY_HERE)),
            // A provider with the device grant alone, or with nothing.
            ("opens local terminal no-endpoint device", Plan::Device),
            ("no-endpoint device", Plan::Device),
            (
                "opens local terminal no-endpoint",
                Plan::Nothing(NO_ENDPOINT),
            ),
            ("no-endpoint hosted terminal", Plan::Nothing(NO_ENDPOINT)),
        ] {
            assert_eq!(plan(situation(facts)), expected, "{facts:?}");
        }
    }

    #[test]
    fn a_plan_never_needs_what_is_not_there() {
        for bits in 0..64_u32 {
            let bit = |n: u32| bits >> n & 1 == 1;
            let situation = Situation {
                opens: bit(0),
                local: bit(1),
                can_paste: bit(2),
                authorization: bit(3),
                device: bit(4),
                hosted: bit(5),
            };
            match plan(situation) {
                Plan::Device => assert!(situation.device, "{situation:?}"),
                Plan::HostedPage => {
                    assert!(situation.hosted && situation.can_paste, "{situation:?}")
                }
                Plan::Loopback { paste } => {
                    assert!(
                        situation.authorization && paste == situation.can_paste,
                        "{situation:?}"
                    );
                    assert!(
                        paste || situation.opens || situation.local,
                        "nobody could answer: {situation:?}"
                    );
                }
                Plan::Nothing(_) => assert!(!situation.device, "{situation:?}"),
            }
        }
    }
}
