//! Protocol 1: one line, and then the end of the connection tells whether it was read.

use std::sync::Arc;

use oarlock_oauth::relay::{CloseReason, Deliver, ProgramFrame, RelayFrame};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    Relay,
    frames::{Frames, Heard},
    refuse,
};
use crate::{
    metrics::Refusal,
    relay::{
        mailbox::{Mailbox, Order, Parcel},
        registry::{Ending, Ticket},
    },
};
use oarlock_oauth::relay::Protocol;

/// Why the wait is over.
enum Over {
    Order(Order),
    /// UNREGISTER, or the connection is closed.
    Gone,
    Refused(Refusal, String),
    TimedOut,
}

/// Waits for the callback, hands it over, and says how it went.
pub(super) async fn wait(relay: &Relay, mut frames: Frames, ticket: Ticket, mailbox: Arc<Mailbox>) {
    let until = Instant::now() + relay.config().times.registration;
    let over = tokio::select! {
        biased;
        over = listen(&mut frames) => over,
        order = mailbox.next() => Over::Order(order),
        () = sleep_until(until) => Over::TimedOut,
    };
    let state = || ticket.slot.short();
    match over {
        Over::Order(Order::Deliver(parcel)) => {
            // What it said before the line left still counts: whoever is gone by now must not get it.
            if frames.read().is_some() {
                tracing::info!(state = state(), "client went away");
                return relay.leave(ticket);
            }
            Box::pin(deliver(relay, &frames, ticket, &parcel)).await;
        }
        Over::Order(Order::Close(reason)) => {
            if reason == CloseReason::Replaced {
                tracing::info!(state = state(), "previous registration replaced");
            }
            relay.leave(ticket);
        }
        Over::Gone => {
            tracing::info!(state = state(), "client went away");
            relay.leave(ticket);
        }
        Over::TimedOut => {
            tracing::warn!(state = state(), "callback timeout for state");
            relay.leave(ticket);
        }
        Over::Refused(refusal, description) => {
            relay.leave(ticket);
            Box::pin(refuse(relay, &frames, Protocol::One, refusal, &description)).await;
        }
    }
}

async fn listen(frames: &mut Frames) -> Over {
    match frames.next().await {
        Heard::End | Heard::Frame(ProgramFrame::Unregister) => Over::Gone,
        Heard::Frame(_) => Over::Refused(
            Refusal::InvalidRequest,
            "a connection holds one registration, and protocol 1 has nothing to say but UNREGISTER"
                .to_owned(),
        ),
        Heard::Malformed(error, _) => Over::Refused(error.word().into(), error.to_string()),
    }
}

async fn deliver(relay: &Relay, frames: &Frames, ticket: Ticket, parcel: &Parcel) {
    if !relay.registry().handed(ticket) {
        // It was cut off at the end of all.
        return relay.leave(ticket);
    }
    let frame = RelayFrame::Deliver(Deliver::first(&parcel.callback));
    let patience = relay.config().times.acknowledgement;
    let state = ticket.slot.short();
    match timeout(patience, frames.send_last(&frame)).await {
        Ok(true) => {
            if relay.registry().finish(ticket, Ending::Delivered) {
                tracing::info!(state, "callback delivered to client for state");
            }
        }
        Ok(false) => {
            tracing::warn!(state, "client died before it read the callback");
            if let Some(hold) = relay.registry().unread(ticket) {
                relay.keep(hold);
            }
        }
        Err(_) => {
            tracing::warn!(
                state,
                "client did not close after the callback: not confirmed"
            );
            relay.registry().finish(ticket, Ending::Unconfirmed);
        }
    }
}
