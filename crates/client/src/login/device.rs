//! The device grant (RFC 8628): a code is entered on another device while this one polls.

use std::time::Duration;

use oarlock_io::provider;
use oarlock_oauth::{
    device::{self, DeviceAuthorization, DeviceError, DevicePoll, DeviceStep, PollAnswer},
    token::{self, Grant},
};

use super::{LoginContext, LoginTokens, opening, qr};
use crate::{
    error::{Error, ErrorKind},
    interaction::Event,
    waiting,
};

/// A device authorization on its way.
#[derive(Debug)]
pub(super) struct Pending {
    authorization: DeviceAuthorization,
    /// By the monotonic clock.
    received: Duration,
}

/// The whole flow.
pub(super) async fn login(context: &LoginContext<'_>, opens: bool) -> Result<LoginTokens, Error> {
    let pending = authorize(context).await?;
    tokens(context, pending, opens).await
}

/// Asks for the codes (RFC 8628, section 3.1).
pub(super) async fn authorize(context: &LoginContext<'_>) -> Result<Pending, Error> {
    let request = device::request(context.profile, context.scopes)?;
    let response = context.http.send(request).await?;
    // The codes' life began when the answer was sent; on receipt is as near as we know.
    let received = context.clock.monotonic();
    let authorization = device::response(context.profile, &response)?;
    context
        .http
        .check_address(authorization.verification_uri.url())?;
    Ok(Pending {
        authorization,
        received,
    })
}

/// Shows the codes and polls until the person has decided (RFC 8628, sections 3.3 to 3.5).
pub(super) async fn tokens(
    context: &LoginContext<'_>,
    pending: Pending,
    opens: bool,
) -> Result<LoginTokens, Error> {
    let end = End::of(context, &pending);
    show(context, &pending.authorization, opens).await;
    polled(context, &pending, end).await
}

/// When waiting ends, by the monotonic clock: the codes die, or the person's time is over.
#[derive(Clone, Copy, Debug)]
struct End {
    expiry: Duration,
    patience: Duration,
}

impl End {
    fn of(context: &LoginContext<'_>, pending: &Pending) -> Self {
        Self {
            expiry: pending
                .received
                .saturating_add(pending.authorization.expires_in),
            patience: context
                .clock
                .monotonic()
                .saturating_add(context.options.timeout),
        }
    }

    fn moment(self) -> Duration {
        self.expiry.min(self.patience)
    }

    fn error(self, context: &LoginContext<'_>) -> Error {
        if self.expiry <= self.patience {
            DeviceError::Expired.into()
        } else {
            Error::TimedOut {
                after: context.options.timeout,
            }
        }
    }
}

async fn show(context: &LoginContext<'_>, authorization: &DeviceAuthorization, opens: bool) {
    let DeviceAuthorization {
        user_code,
        verification_uri,
        verification_uri_complete,
        expires_in,
        ..
    } = authorization;
    let direct = verification_uri_complete
        .as_ref()
        .unwrap_or_else(|| verification_uri.url());
    let qr = context
        .options
        .qr
        .then(|| qr::lines(direct.as_str()))
        .flatten();
    let interaction = context.interaction;
    interaction.notify(&Event::DeviceCode {
        user_code,
        verification_uri,
        verification_uri_complete: verification_uri_complete.as_ref(),
        qr: qr.as_deref(),
        expires_in: *expires_in,
    });
    if opens {
        opening::open(context, direct).await;
    }
    interaction.notify(&Event::Waiting {
        timeout: context.options.timeout.min(*expires_in),
    });
}

/// Polls at the pace the server wants. A poll that was sent is waited for: its answer may hold the tokens.
async fn polled(
    context: &LoginContext<'_>,
    pending: &Pending,
    end: End,
) -> Result<LoginTokens, Error> {
    let Pending {
        authorization,
        received,
    } = pending;
    let clock = &**context.clock;
    let grant = Grant::Device(&authorization.device_code);
    let mut poll = DevicePoll::new(authorization);
    let mut fault = None;
    loop {
        let next = received.saturating_add(poll.next_poll());
        waiting::until(clock, next.min(end.moment())).await;
        if clock.monotonic() >= end.moment() {
            // With the network away to the end, nobody knows what the person did.
            return Err(fault.unwrap_or_else(|| end.error(context)));
        }
        let elapsed = clock.monotonic().saturating_sub(*received);
        let (answer, clock_offset) = match context
            .http
            .send(token::request(context.profile, &grant)?)
            .await
        {
            Ok(response) => {
                fault = None;
                let offset = provider::clock_offset(&response, clock);
                let result = token::response(
                    context.profile,
                    &response,
                    provider::server_time(clock.now(), offset),
                );
                (
                    PollAnswer::Answered {
                        result,
                        interval: device::interval_in(response.body()),
                    },
                    offset,
                )
            }
            Err(error) => {
                unreachable(context, error.into(), &mut fault)?;
                (PollAnswer::Unreachable, 0)
            }
        };
        match poll.answer(elapsed, answer)? {
            DeviceStep::Wait(next) => poll = next,
            DeviceStep::Done(tokens) => {
                return Ok(LoginTokens {
                    tokens: *tokens,
                    clock_offset,
                    nonce: None,
                });
            }
        }
    }
}

/// Bears with a network that is away (RFC 8628, section 3.5), and says so once.
fn unreachable(
    context: &LoginContext<'_>,
    error: Error,
    fault: &mut Option<Error>,
) -> Result<(), Error> {
    if error.kind() != ErrorKind::Network {
        return Err(error);
    }
    if fault.is_none() {
        context.interaction.notify(&Event::Warning {
            message: &format!("{error}; it is tried again"),
        });
    }
    *fault = Some(error);
    Ok(())
}
