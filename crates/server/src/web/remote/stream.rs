//! The event stream: every frame is the data of one event, and it ends after CLOSE.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse as _, Response,
    sse::{Event, Sse},
};
use futures_util::stream;
use http::HeaderValue;
use oarlock_oauth::relay::{CloseReason, Deliver, RelayFrame};
use tokio::sync::OwnedSemaphorePermit;

use crate::relay::{
    RETRY_AFTER, Relay,
    desk::{News, Visit},
};

/// Silence after which a comment is sent, so that proxies keep the connection and a dead one is found.
const COMMENT: Duration = Duration::from_secs(15);

/// The place is taken as long as it lasts.
pub(super) fn response(relay: Relay, visit: Visit, place: OwnedSemaphorePermit) -> Response {
    let open = Some((relay, visit, place));
    let events = stream::unfold(open, async |open| {
        let (relay, mut visit, place) = open?;
        let (event, goes_on) = next(&relay, &mut visit).await?;
        Some((
            Ok::<_, Infallible>(event),
            goes_on.then_some((relay, visit, place)),
        ))
    });
    let mut response = Sse::new(events).into_response();
    // nginx would collect the events.
    let no = HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", no);
    response
}

/// The next event, and whether more may come; `None`: a newer visit took over.
async fn next(relay: &Relay, visit: &mut Visit) -> Option<(Event, bool)> {
    match visit.wait(relay, COMMENT).await {
        News::Overtaken => None,
        News::Nothing => Some((Event::default().comment("waiting"), true)),
        News::Delivering(parcel) => {
            let deliver = Deliver::second(&parcel.callback, parcel.delivery.clone());
            Some((event(&RelayFrame::Deliver(deliver)), true))
        }
        News::Over(reason) => {
            let retry_after = (reason == CloseReason::Shutdown).then_some(RETRY_AFTER);
            let close = RelayFrame::Close {
                reason,
                retry_after,
            };
            Some((event(&close), false))
        }
    }
}

fn event(frame: &RelayFrame) -> Event {
    Event::default().data(frame.to_json())
}
