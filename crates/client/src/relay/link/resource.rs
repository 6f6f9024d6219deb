//! Frames as bodies over HTTPS.

use std::{sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
};
use oarlock_io::{HttpClient, HttpError};
use oarlock_oauth::relay::{CloseReason, Deliver, Delivery, Registered, RelayFrame, StateDigest};
use serde_json::{Value, json};
use url::Url;

use super::{ANSWER, Owner, Trouble, Verdict, trouble};
use crate::relay::{
    error::{RelayError, RelayFault},
    settings::RelaySettings,
};

/// How long the relay may think before it says that there is nothing yet.
const POLL: Duration = Duration::from_secs(25);
/// An empty answer that comes sooner is followed by a pause, so that nobody is asked without end.
const SOONEST: Duration = Duration::from_secs(1);
const OWNER_SECRET: HeaderName = HeaderName::from_static("relay-secret");

/// The address of one registration.
#[derive(Clone)]
pub(in crate::relay) struct Resource {
    http: HttpClient,
    url: Arc<Url>,
    headers: HeaderMap,
}

/// A frame, and what came with it.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Resource {
    pub(super) fn new(
        owner: &Owner,
        base: &Url,
        settings: &RelaySettings,
    ) -> Result<Self, RelayError> {
        let Some(state) = &owner.state else {
            return Err(owner.fault(RelayFault::StateNeeded));
        };
        let mut config = settings.http.clone();
        config.timeout = POLL + ANSWER;
        let http = HttpClient::new(config).map_err(|error| owner.unreachable(error.to_string()))?;
        let mut url = base.clone();
        let path = format!(
            "{}/relay/registrations/{}",
            base.path().trim_end_matches('/'),
            StateDigest::of(state)
        );
        url.set_path(&path);
        // The user, or what the user configured, named it.
        http.trust(&url);
        Ok(Self {
            http,
            url: Arc::new(url),
            headers: headers(owner)?,
        })
    }

    pub(super) async fn register(
        &self,
        owner: &Owner,
        timeout: Duration,
    ) -> Result<Registered, Trouble> {
        let body = json!({
            "secret": owner.secret.expose(),
            "timeout": timeout.as_secs_f64(),
        });
        let answer = self.within(owner, Method::PUT, "", Some(body)).await?;
        match answer.frame(owner)? {
            Some(RelayFrame::Registered(registered)) => Ok(registered),
            _ => Err(unexpected(owner, "no answer to the registration")),
        }
    }

    pub(super) async fn delivery(&self, owner: &Owner) -> Result<Deliver, Trouble> {
        let wait = format!("?wait={}", POLL.as_secs());
        loop {
            // Whatever is asked within this time is answered by a pause as long.
            let soonest = tokio::time::sleep(SOONEST);
            let answer = self.send(Method::GET, &wait, None).await;
            let answer = answer.map_err(|error| unreached(owner, &error))?;
            match answer.frame(owner)? {
                Some(RelayFrame::Deliver(deliver)) => return Ok(deliver),
                Some(_) => return Err(unexpected(owner, "neither a delivery nor nothing")),
                None => soonest.await,
            }
        }
    }

    pub(super) async fn conclude(
        &self,
        owner: &Owner,
        delivery: &Delivery,
        verdict: Verdict,
    ) -> Result<CloseReason, Trouble> {
        let (place, body) = spoken(delivery, verdict);
        let answer = self.within(owner, Method::POST, place, Some(body)).await?;
        match answer.frame(owner) {
            Err(Trouble::Closed(reason)) => Ok(reason),
            Err(trouble) => Err(trouble),
            Ok(_) => Err(unexpected(owner, "no last word")),
        }
    }

    /// Says that nobody waits any more, or that what came was not taken.
    pub(super) async fn leave(self, delivery: Option<Delivery>) {
        let left = match delivery {
            None => self.send(Method::DELETE, "", None).await,
            Some(delivery) => {
                let (place, body) = spoken(&delivery, Verdict::Refused);
                self.send(Method::POST, place, Some(body)).await
            }
        };
        if left.is_err() {
            tracing::debug!("the relay finds out by itself that this program has left");
        }
    }

    async fn within(
        &self,
        owner: &Owner,
        method: Method,
        place: &str,
        body: Option<Value>,
    ) -> Result<Answer, Trouble> {
        match tokio::time::timeout(ANSWER, self.send(method, place, body)).await {
            Ok(answer) => answer.map_err(|error| unreached(owner, &error)),
            Err(_) => Err(Trouble::lost("it did not answer in time")),
        }
    }

    async fn send(
        &self,
        method: Method,
        place: &str,
        body: Option<Value>,
    ) -> Result<Answer, HttpError> {
        let mut request = http::Request::builder()
            .method(&method)
            .uri(format!("{}{place}", self.url));
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&self.headers);
            if method == Method::PUT {
                headers.remove(OWNER_SECRET);
            }
            if body.is_some() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = request
            .body(body.into_bytes())
            .map_err(|error| HttpError::Configuration(error.to_string()))?;
        let response = self.http.send(request).await?;
        Ok(Answer {
            status: response.status(),
            retry_after: seconds(response.headers()),
            body: response.into_body(),
        })
    }
}

impl Answer {
    /// The frame of a success; `None` where there is none yet.
    fn frame(self, owner: &Owner) -> Result<Option<RelayFrame>, Trouble> {
        if self.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let frame = match RelayFrame::parse(&self.body) {
            Ok(frame) => frame,
            Err(error) if self.status.is_success() => {
                return Err(Trouble::fault(owner, RelayFault::Malformed(error)));
            }
            // A proxy before the relay.
            Err(_) => return Err(self.without_frame(owner)),
        };
        if matches!(frame, RelayFrame::Registered(_) | RelayFrame::Deliver(_)) {
            return match self.status.is_success() {
                true => Ok(Some(frame)),
                false => Err(unexpected(owner, "a frame under the wrong status")),
            };
        }
        // The registration is gone, as after a restart: it can be made again.
        if self.status == StatusCode::NOT_FOUND {
            return Err(Trouble::lost("it does not know the registration"));
        }
        let later = self.retry_after;
        Err(match trouble(owner, frame) {
            None => unexpected(owner, "a frame that is none over HTTPS"),
            Some(Trouble::Lost {
                reason,
                retry_after,
            }) => Trouble::Lost {
                reason,
                retry_after: retry_after.or(later),
            },
            Some(trouble) => trouble,
        })
    }

    fn without_frame(&self, owner: &Owner) -> Trouble {
        let passing = self.status.is_server_error()
            || matches!(
                self.status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
            );
        if passing {
            return Trouble::Lost {
                reason: format!("it answers with HTTP {}", self.status.as_u16()),
                retry_after: self.retry_after,
            };
        }
        Trouble::fault(owner, RelayFault::Status(self.status.as_u16()))
    }
}

fn spoken(delivery: &Delivery, verdict: Verdict) -> (&'static str, Value) {
    let place = match verdict {
        Verdict::Taken => "/acknowledgement",
        Verdict::Refused => "/rejection",
    };
    (place, json!({ "delivery": delivery.as_str() }))
}

fn headers(owner: &Owner) -> Result<HeaderMap, RelayError> {
    let sensitive = |text: &str| -> Result<HeaderValue, RelayError> {
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| owner.unreachable("the token cannot stand in a header".into()))?;
        value.set_sensitive(true);
        Ok(value)
    };
    let mut headers = HeaderMap::new();
    headers.insert(OWNER_SECRET, sensitive(owner.secret.expose())?);
    if let Some(token) = &owner.token {
        headers.insert(
            AUTHORIZATION,
            sensitive(&format!("Bearer {}", token.expose()))?,
        );
    }
    Ok(headers)
}

fn unexpected(owner: &Owner, what: &'static str) -> Trouble {
    Trouble::fault(owner, RelayFault::Unexpected(what))
}

/// What passes is tried again; a wrong address or certificate, or a redirect, stays what it is.
fn unreached(owner: &Owner, error: &HttpError) -> Trouble {
    match error {
        HttpError::Dns { .. }
        | HttpError::Connect { .. }
        | HttpError::TimedOut { .. }
        | HttpError::Lost { .. }
        | HttpError::Malformed { .. } => Trouble::lost(error.to_string()),
        _ => Trouble::Final(owner.unreachable(error.to_string())),
    }
}

fn seconds(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
