//! Protocol 2: acknowledged deliveries, and coming back.

use std::{sync::Arc, time::Duration};

use oarlock_oauth::relay::{
    CloseReason, Deliver, Delivery, ProgramFrame, Protocol, Registered, RelayFrame,
};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    FAREWELL, Relay,
    frames::{Frames, Heard},
    refuse,
};
use crate::{
    metrics::Refusal,
    relay::{
        RETRY_AFTER,
        mailbox::{Mailbox, Order},
        registry::{self, Ending, Ticket},
    },
};

/// For a frame to leave; a program that does not read is lost.
const WRITE: Duration = Duration::from_secs(10);
/// The same for PING and PONG: meanwhile a callback waits.
const WRITE_ASIDE: Duration = Duration::from_secs(1);

/// How the connection ended.
enum End {
    /// The program is told why.
    Close(CloseReason),
    /// The program broke the rules.
    Refuse(Refusal, String),
    /// The connection is lost; the program may come back.
    Lost,
}

/// The conversation with one program.
struct Conversation<'a> {
    relay: &'a Relay,
    frames: Frames,
    ticket: Ticket,
    mailbox: Arc<Mailbox>,
    expires: Instant,
    /// When something was last heard.
    heard: Instant,
    /// Whether a PING went out since.
    asked: bool,
    /// What was handed over, and until when it must be acknowledged.
    outstanding: Option<(Delivery, Instant)>,
}

/// Answers REGISTER, waits, delivers, and says how it went.
pub(super) async fn wait(
    relay: &Relay,
    frames: Frames,
    registered: registry::Registered,
    mailbox: Arc<Mailbox>,
    wanted: Option<Duration>,
) {
    let times = &relay.config().times;
    let lasts = wanted.unwrap_or(times.registration).min(times.longest);
    let now = Instant::now();
    let mut conversation = Conversation {
        relay,
        frames,
        ticket: registered.ticket,
        mailbox,
        expires: now + lasts,
        heard: now,
        asked: false,
        outstanding: None,
    };
    let answer = relay.welcome(lasts, registered.resumed);
    let end = match conversation.say(&RelayFrame::Registered(answer)).await {
        Ok(()) => conversation.go_on().await,
        Err(end) => end,
    };
    Box::pin(conversation.finish(end)).await;
}

impl Conversation<'_> {
    async fn go_on(&mut self) -> End {
        loop {
            let alarm = self.alarm();
            // What is seldom done is apart, so that ten thousand who wait need no room for it.
            let step = tokio::select! {
                biased;
                heard = self.frames.next() => Box::pin(self.hear(heard)).await,
                order = self.mailbox.next() => Box::pin(self.obey(order)).await,
                () = sleep_until(alarm) => Box::pin(self.wake()).await,
            };
            if let Err(end) = step {
                return end;
            }
            // Whoever talks without a pause is not spared what is due.
            if self.alarm() <= Instant::now()
                && let Err(end) = self.wake().await
            {
                return end;
            }
        }
    }

    /// The next moment at which something is due.
    fn alarm(&self) -> Instant {
        let heartbeat = self.relay.config().times.heartbeat;
        let silence = self.heard + if self.asked { heartbeat * 2 } else { heartbeat };
        match &self.outstanding {
            // A delivery under way is not cut off by the end of the registration.
            Some((_, until)) => silence.min(*until),
            None => silence.min(self.expires),
        }
    }

    async fn wake(&mut self) -> Result<(), End> {
        let now = Instant::now();
        match &self.outstanding {
            Some((_, until)) if *until <= now => {
                tracing::warn!(
                    state = self.state(),
                    "client did not acknowledge the callback: not confirmed"
                );
                self.relay
                    .registry()
                    .finish(self.ticket, Ending::Unconfirmed);
                return Err(End::Close(CloseReason::Unconfirmed));
            }
            None if self.expires <= now => {
                tracing::warn!(state = self.state(), "callback timeout for state");
                return Err(End::Close(CloseReason::Expired));
            }
            _ => {}
        }
        let heartbeat = self.relay.config().times.heartbeat;
        if self.heard + heartbeat * 2 <= now {
            return Err(End::Close(CloseReason::Silent));
        }
        if !self.asked && self.heard + heartbeat <= now {
            self.asked = true;
            self.say_within(WRITE_ASIDE, &RelayFrame::Ping).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), End> {
        let frame = match heard {
            Heard::Frame(frame) => frame,
            Heard::End => return Err(End::Lost),
            Heard::Malformed(error, _) => {
                return Err(End::Refuse(error.word().into(), error.to_string()));
            }
        };
        self.heard = Instant::now();
        self.asked = false;
        match frame {
            ProgramFrame::Pong => Ok(()),
            ProgramFrame::Ping => self.say_within(WRITE_ASIDE, &RelayFrame::Pong).await,
            ProgramFrame::Unregister => Err(End::Close(CloseReason::Unregistered)),
            ProgramFrame::Acknowledge(delivery) => self.settle(&delivery, Ending::Delivered),
            ProgramFrame::Reject(delivery) => self.settle(&delivery, Ending::Rejected),
            ProgramFrame::Register(_) => Err(End::Refuse(
                Refusal::InvalidRequest,
                "a connection holds one registration".to_owned(),
            )),
        }
    }

    /// The program has said how the delivery went.
    fn settle(&mut self, delivery: &Delivery, ending: Ending) -> Result<(), End> {
        let known = self
            .outstanding
            .as_ref()
            .is_some_and(|(name, _)| name == delivery);
        if !known {
            return Err(End::Refuse(
                Refusal::InvalidRequest,
                "there is no such delivery to acknowledge".to_owned(),
            ));
        }
        // False when the program acknowledges over another connection too: nothing is told twice.
        if !self.relay.registry().finish(self.ticket, ending) {
            return Err(End::Close(CloseReason::Replaced));
        }
        self.outstanding = None;
        match ending {
            Ending::Delivered => {
                tracing::info!(
                    state = self.state(),
                    "callback delivered to client for state"
                );
                Err(End::Close(CloseReason::Delivered))
            }
            Ending::Rejected | Ending::Unconfirmed => {
                tracing::warn!(state = self.state(), "client refused the callback");
                Err(End::Close(CloseReason::Rejected))
            }
        }
    }

    async fn obey(&mut self, order: Order) -> Result<(), End> {
        let parcel = match order {
            Order::Deliver(parcel) => parcel,
            // The delivery ends first, and with it the conversation.
            Order::Close(CloseReason::Shutdown) if self.outstanding.is_some() => return Ok(()),
            Order::Close(reason) => return Err(End::Close(reason)),
        };
        if !self.relay.registry().handed(self.ticket) {
            // It is another connection's by now, which is said next.
            return Ok(());
        }
        let until = Instant::now() + self.relay.config().times.acknowledgement;
        self.outstanding = Some((parcel.delivery.clone(), until));
        let frame = RelayFrame::Deliver(Deliver::second(&parcel.callback, parcel.delivery.clone()));
        self.say(&frame).await
    }

    async fn say(&self, frame: &RelayFrame) -> Result<(), End> {
        self.say_within(WRITE, frame).await
    }

    /// A frame that has left in part only is the connection's last.
    async fn say_within(&self, patience: Duration, frame: &RelayFrame) -> Result<(), End> {
        match timeout(patience, self.frames.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a connection broke");
                Err(End::Lost)
            }
            Err(_) => Err(End::Lost),
        }
    }

    async fn finish(self, end: End) {
        let Self {
            relay,
            frames,
            ticket,
            ..
        } = self;
        match end {
            // The program may come back for these.
            End::Close(reason @ CloseReason::Silent) => {
                let away = stay(relay, ticket);
                let farewell = close(&frames, reason, None);
                tokio::join!(farewell, away);
            }
            End::Close(reason) => {
                relay.leave(ticket);
                let retry_after = (reason == CloseReason::Shutdown).then_some(RETRY_AFTER);
                close(&frames, reason, retry_after).await;
            }
            End::Refuse(refusal, description) => {
                relay.leave(ticket);
                refuse(relay, &frames, Protocol::Two, refusal, &description).await;
            }
            End::Lost => {
                drop(frames);
                stay(relay, ticket).await;
            }
        }
    }

    fn state(&self) -> String {
        self.ticket.slot.short()
    }
}

async fn close(frames: &Frames, reason: CloseReason, retry_after: Option<Duration>) {
    frames
        .close(
            &RelayFrame::Close {
                reason,
                retry_after,
            },
            FAREWELL,
        )
        .await;
}

/// Keeps the registration for whoever comes back in time. To a relay that stops nobody does.
async fn stay(relay: &Relay, ticket: Ticket) {
    let mut until = relay.registry().lose(ticket);
    let mut stopping = relay.0.stopping.subscribe();
    while let Some(moment) = until {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return relay.leave(ticket),
            () = sleep_until(moment) => {}
        }
        until = relay.registry().expire(ticket);
    }
}

impl Relay {
    /// The answer to a REGISTER of protocol 2.
    pub(in crate::relay) fn welcome(&self, expires_in: Duration, resumed: bool) -> Registered {
        let times = &self.config().times;
        Registered {
            callback_url: self.0.callback_url.clone(),
            expires_in,
            heartbeat: times.heartbeat,
            grace: times.grace,
            resumed,
        }
    }
}
