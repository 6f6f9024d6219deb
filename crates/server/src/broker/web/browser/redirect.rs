//! `/redirect`: the provider's answer. It counts once, and only in the browser that was sent there.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header;
use oarlock_io::entropy;
use oarlock_oauth::{authorization::ErrorCode, parameters::Parameters, secret::CookieSecret};

use super::{Answered, Stop, onward, show, sign_in::after, visit::Visit};
use crate::{
    broker::{
        Broker,
        audit::{Event, What},
        digest::{Digest, Purpose},
        id::{SessionId, UserId},
        login::{AtUpstream, Login, Stage},
        pages::{Notice, Page},
        request::Asked,
        seal::Use,
        session::{NewSession, SessionKind},
        store::{Identified, Identify, LoginKey, Taken},
        upstream::{Kept, UpstreamError},
        web::cookies::Cookie,
    },
    prefetch::is_prefetch,
};

/// How long a second request waits for the first one's exchange, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(200);

pub(super) async fn get(visit: Visit) -> Response {
    if is_prefetch(&visit.parts.headers) {
        return crate::page::Page::Prefetch.into_response();
    }
    answer(&visit).await.into_response()
}

async fn answer(visit: &Visit) -> Answered {
    let parts = visit.broker.parts();
    let answer = Parameters::parse(visit.query()).map_err(|_| {
        Stop::Notice(Notice::BadRequest(
            "the provider's answer cannot be read, or it can be read in two ways",
        ))
    })?;
    let state = answer.get("state").ok_or(Notice::Expired)?;
    let state = Digest::of(Purpose::UpstreamState, state);
    let browser = visit.browser_digest();
    check_issuer(visit, state, browser, &answer).await?;
    let exchange = parts.under_way.begin();
    match parts.store.take_callback(state, browser, visit.now).await? {
        Taken::Unknown => Err(Notice::Expired.into()),
        Taken::Before(login) => {
            drop(exchange);
            again(visit, login, state).await
        }
        Taken::Now(login) => {
            // In a task of its own: a browser that goes away must not leave the login half done.
            let work = arrive(visit.broker.clone(), login, answer, Here::of(visit));
            let work = async move {
                let arrived = work.await;
                drop(exchange);
                arrived
            };
            match tokio::spawn(work).await {
                Ok(arrived) => arrived?.onward(visit).await,
                Err(error) => Err(Stop::Fault(error.to_string())),
            }
        }
    }
}

/// A mix-up is refused before anything is spent (hostile.md, 12).
async fn check_issuer(
    visit: &Visit,
    state: Digest,
    browser: Digest,
    answer: &Parameters,
) -> Result<(), Stop> {
    let parts = visit.broker.parts();
    let login = parts
        .store
        .login(LoginKey::UpstreamState(state), visit.now)
        .await?;
    let Some(login) = login.filter(|login| login.browser == Some(browser)) else {
        return Ok(());
    };
    if let Stage::Upstream(at) = &login.stage
        && let Err(error) = parts.upstreams.check_issuer(&at.upstream, answer)
    {
        tracing::warn!(upstream = at.upstream, %error, "an answer is not the provider's");
        return Err(Notice::ProviderRefused.into());
    }
    Ok(())
}

/// What of a visit goes on without it.
#[derive(Clone, Copy, Debug)]
struct Here {
    from: std::net::IpAddr,
    now: oarlock_oauth::Timestamp,
}

impl Here {
    fn of(visit: &Visit) -> Self {
        Self {
            from: visit.from,
            now: visit.now,
        }
    }
}

/// How an exchange ended.
#[derive(Debug)]
enum Arrived {
    /// The person is known; a new session cookie for the browser.
    Known(Box<Identified>, CookieSecret),
    /// The provider, or a rule of ours, said no; nothing comes of the login.
    Refused(Box<Login>, UpstreamError),
}

async fn arrive(
    broker: Broker,
    login: Login,
    answer: Parameters,
    here: Here,
) -> Result<Arrived, Stop> {
    let parts = broker.parts();
    let Stage::Upstream(at) = &login.stage else {
        return Err(Notice::Interrupted.into());
    };
    let arrival = match kept(&broker, at) {
        Ok(kept) => parts.upstreams.arrive(&at.upstream, kept, &answer).await,
        Err(error) => Err(error),
    };
    let arrival = match arrival {
        Ok(arrival) => arrival,
        Err(error) => {
            tracing::warn!(upstream = at.upstream, %error, "a login ends at its provider");
            broker.parts().note(&Event {
                what: What::SignInRefused,
                upstream: Some(&at.upstream),
                client_id: login.request.asked.client_id(),
                from: Some(here.from),
                why: Some(word(&error)),
                ..Event::default()
            });
            parts.store.fail(login.id.clone(), here.now).await?;
            return Ok(Arrived::Refused(Box::new(login), error));
        }
    };
    let upstream_token = match arrival.token {
        Some(token) if is_handed_out(&broker, &login, &at.upstream) => {
            Some(parts.seal.seal(Use::UpstreamToken, &token)?.into_bytes())
        }
        _ => None,
    };
    // Rotated at every sign-in (hostile.md, 22).
    let cookie = CookieSecret::from_random(entropy::random()?);
    let identify = Identify {
        login: login.id,
        person: arrival.person,
        new_user: UserId::from_random(entropy::random()?),
        session: NewSession {
            id: SessionId::from_random(entropy::random()?),
            kind: SessionKind::Browser,
            handle: Some(Digest::of(Purpose::SessionCookie, cookie.expose())),
            secret: None,
            expires_at: after(here.now, parts.config.lifetimes.browser_session)?,
            from: here.from,
        },
        upstream_token,
    };
    let identified = parts
        .store
        .identify(identify, here.now)
        .await?
        .ok_or(Notice::Expired)?;
    broker.parts().note(&Event {
        what: if identified.is_new {
            What::FirstSignedIn
        } else {
            What::SignedIn
        },
        user: Some(&identified.user.id),
        upstream: Some(&identified.user.provider),
        client_id: identified.login.request.asked.client_id(),
        from: Some(here.from),
        ..Event::default()
    });
    Ok(Arrived::Known(Box::new(identified), cookie))
}

fn kept(broker: &Broker, at: &AtUpstream) -> Result<Kept, UpstreamError> {
    let sealed = std::str::from_utf8(&at.sealed).unwrap_or_default();
    broker
        .parts()
        .seal
        .open(Use::Upstream, sealed)
        .map_err(|_| UpstreamError::Refused("what was kept for it cannot be opened".into()))
}

fn is_handed_out(broker: &Broker, login: &Login, upstream: &str) -> bool {
    matches!(login.request.asked, Asked::Pairing(_))
        && broker.pairing_returns_tokens()
        && broker.parts().upstreams.hands_out_tokens(upstream)
}

impl Arrived {
    async fn onward(self, visit: &Visit) -> Answered {
        match self {
            Self::Known(identified, cookie) => {
                let Identified { login, user, .. } = *identified;
                let mut response = onward::identified(visit, login, user).await?;
                let lasts = visit.broker.parts().config.lifetimes.browser_session;
                let cookie = Cookie::Session.set(&visit.broker, &cookie, lasts);
                response
                    .headers_mut()
                    .extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
                Ok(response)
            }
            Self::Refused(login, error) => refused(visit, &login, &error).await,
        }
    }
}

/// A client is told; for others there is a page.
async fn refused(visit: &Visit, login: &Login, error: &UpstreamError) -> Answered {
    let Asked::Code(request) = &login.request.asked else {
        return Ok(show(&Page::Notice(Notice::from(error))));
    };
    let (code, description) = match error {
        UpstreamError::Denied => (ErrorCode::AccessDenied, "the provider denied access"),
        UpstreamError::NotAllowed => (ErrorCode::AccessDenied, "this account may not sign in here"),
        UpstreamError::Unavailable(_) | UpstreamError::Busy(_) => (
            ErrorCode::TemporarilyUnavailable,
            "the provider cannot be reached now",
        ),
        UpstreamError::Unknown | UpstreamError::Refused(_) => (
            ErrorCode::ServerError,
            "the provider's answer was refused; the server's log says why",
        ),
    };
    let location = request.refused(&code, description, &visit.broker.parts().issuer);
    Ok(onward::leave(visit, request, &location).await)
}

/// A word of ours for the audit log.
fn word(error: &UpstreamError) -> &'static str {
    match error {
        UpstreamError::Unknown => "unknown_upstream",
        UpstreamError::Denied => "denied",
        UpstreamError::NotAllowed => "not_allowed",
        UpstreamError::Unavailable(_) => "unavailable",
        UpstreamError::Busy(_) => "busy",
        UpstreamError::Refused(_) => "refused",
    }
}

/// The same browser comes a second time: reload, back button, a doubled request.
async fn again(visit: &Visit, mut login: Login, state: Digest) -> Answered {
    let parts = visit.broker.parts();
    let mut waited = Duration::ZERO;
    while matches!(login.stage, Stage::Exchanging { .. }) && waited < PATIENCE {
        tokio::time::sleep(GLANCE).await;
        waited += GLANCE;
        let key = LoginKey::UpstreamState(state);
        login = parts
            .store
            .login(key, visit.now)
            .await?
            .ok_or(Notice::Expired)?;
    }
    let Stage::Identified { user, .. } = &login.stage else {
        return onward::before(visit, &login, None).await;
    };
    let user = parts.store.user(user.clone()).await?;
    let user = user.ok_or(Notice::Expired)?;
    onward::identified(visit, login, user).await
}
