//! A browser's request: who it is, where it comes from, and whether its form is ours.

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use oarlock_io::{entropy, web_server::read_body};
use oarlock_oauth::{
    Timestamp,
    endpoint::Origin,
    parameters::Parameters,
    secret::{CookieSecret, FormToken},
};

use super::{Answered, Stop, redirect_to};
use crate::broker::{
    Broker,
    digest::{Digest, Purpose},
    pages::Notice,
    session::{Session, SessionKind},
    store::SessionKey,
    user::User,
    web::{address, cookies::Cookie},
};

/// The largest form.
const FORM: usize = 64 * 1024;

/// A browser's request.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) broker: Broker,
    pub(super) parts: Parts,
    pub(super) from: IpAddr,
    pub(super) now: Timestamp,
    /// What ties it to its forms and logins; made now, if it had none.
    pub(super) browser: CookieSecret,
    is_new: bool,
}

/// A browser's form: the cookie, the token and the `Origin` are right.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) visit: Visit,
    pub(super) fields: Parameters,
}

impl Visit {
    fn of(broker: &Broker, parts: Parts) -> Result<Self, Stop> {
        let held = Cookie::Browser.read(broker, &parts.headers);
        let is_new = held.is_none();
        let browser = match held {
            Some(browser) => browser,
            None => CookieSecret::from_random(entropy::random()?),
        };
        Ok(Self {
            from: address::of(broker, &parts),
            now: broker.parts().clock.now(),
            broker: broker.clone(),
            parts,
            browser,
            is_new,
        })
    }

    /// Its query.
    pub(super) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// Digest of its cookie.
    pub(super) fn browser_digest(&self) -> Digest {
        Digest::of(Purpose::BrowserCookie, self.browser.expose())
    }

    /// The token of its forms.
    pub(super) fn form_token(&self) -> FormToken {
        self.broker.parts().seal.form_token(&self.browser)
    }

    /// Who is signed in in it.
    pub(super) async fn signed_in(&self) -> Result<Option<(Session, User)>, Stop> {
        let Some(cookie) = Cookie::Session.read(&self.broker, &self.parts.headers) else {
            return Ok(None);
        };
        let handle = Digest::of(Purpose::SessionCookie, cookie.expose());
        let found = self
            .broker
            .parts()
            .store
            .session(SessionKey::Handle(handle))
            .await?;
        // A program's cookie signs nobody in here.
        Ok(found.filter(|(session, user)| {
            session.kind == SessionKind::Browser
                && session.is_alive(self.now)
                && self.broker.parts().upstreams.admits(user)
        }))
    }

    /// Puts the cookie into an answer, if the browser has none yet.
    pub(super) fn remember(&self, answer: Answered) -> Answered {
        let mut response = answer?;
        if self.is_new {
            let lasts = self.broker.parts().config.lifetimes.browser_session;
            let cookie = Cookie::Browser.set(&self.broker, &self.browser, lasts);
            response
                .headers_mut()
                .extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        }
        Ok(response)
    }
}

impl FromRequestParts<Broker> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, broker: &Broker) -> Result<Self, Response> {
        if let Some(answer) = elsewhere(broker, parts) {
            return Err(answer);
        }
        Self::of(broker, parts.clone()).map_err(IntoResponse::into_response)
    }
}

impl FromRequest<Broker> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, broker: &Broker) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        Self::read(broker, parts, body)
            .await
            .map_err(IntoResponse::into_response)
    }
}

impl Form {
    async fn read(broker: &Broker, parts: Parts, body: Body) -> Result<Self, Stop> {
        if !is_from_us(broker, &parts.headers) {
            return Err(Notice::Forged.into());
        }
        let fields = fields(&parts.headers, body).await?;
        let visit = Visit::of(broker, parts)?;
        if visit.is_new {
            return Err(Notice::NoCookies.into());
        }
        let shown = FormToken::new(fields.get("form_token").unwrap_or_default());
        if !broker.parts().seal.check_form_token(&visit.browser, &shown) {
            return Err(Notice::Forged.into());
        }
        Ok(Self { visit, fields })
    }
}

/// The fields of a form.
pub(super) async fn fields(headers: &HeaderMap, body: Body) -> Result<Parameters, Stop> {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    let body = read_body(headers, body, FORM).await.map_err(Stop::Body)?;
    let text = String::from_utf8(body.into()).ok();
    text.filter(|_| is_form)
        .and_then(|text| Parameters::parse(&text).ok())
        .ok_or(Stop::Body(StatusCode::BAD_REQUEST))
}

/// Whether a form was sent by a page of ours (hostile.md, 17): browsers say so, and none of ours is sent without that.
fn is_from_us(broker: &Broker, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let ours = Origin::of(&broker.parts().public_url);
    let is_ours = |origin: &http::HeaderValue| {
        let told = origin.to_str().ok();
        told.is_some() && told == ours.as_ref().map(Origin::as_str)
    };
    let origin = match (origins.next(), origins.next()) {
        (Some(origin), None) => is_ours(origin),
        _ => false,
    };
    let site = headers.get("sec-fetch-site");
    origin && site.is_none_or(|site| site == "same-origin")
}

/// Cookies belong to a name, so a browser that called us by another (`localhost` for `127.0.0.1`) is sent to the public one.
fn elsewhere(broker: &Broker, parts: &Parts) -> Option<Response> {
    let public = &broker.parts().public_url;
    let told = parts.headers.get(header::HOST)?.to_str().ok()?;
    let host = public.host_str()?;
    let port = public.port().map(|port| format!(":{port}"));
    let ours = format!("{host}{}", port.unwrap_or_default());
    let default = match public.scheme() {
        "https" => ":443",
        _ => ":80",
    };
    let bare = told.strip_suffix(default).unwrap_or(told);
    if bare.eq_ignore_ascii_case(&ours) || parts.method != Method::GET {
        return None;
    }
    let path = parts.uri.path_and_query()?.as_str();
    let mut answer =
        redirect_to(&format!("{}{path}", public.as_str().trim_end_matches('/'))).ok()?;
    *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    Some(answer)
}
