//! The token endpoint (RFC 6749, sections 4.1.3, 4.4 and 6; RFC 8628, section 3.4).
use super::{
    answer::{self, Refusal},
    app::App,
    client_authentication::authenticate,
    devices::{self, Poll, SlowDown, whole_seconds},
    endpoint::Endpoint,
    faults::Fault,
    grants::{CodeRedemption, Grant, GrantId, Issue, RefreshRedemption, Reuse},
    id_token,
    parameters::Unique,
    parties::Client,
    record::RecordedRequest,
};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value};
use std::time::Duration;

const HERE: Endpoint = Endpoint::Token;

/// What a token request was good for.
pub(crate) struct Purchase {
    pub(crate) grant: GrantId,
    pub(crate) scopes: Vec<String>,
    pub(crate) kind: Kind,
}

/// What becomes of refresh tokens.
pub(crate) enum Kind {
    /// The first tokens of a grant.
    First,
    /// A refresh.
    Refresh(Successor),
    /// A program on its own account, which can ask again (RFC 6749, section 4.4.3).
    Program,
}

/// What follows a refresh token.
pub(crate) enum Successor {
    /// A new one; the old one is spent.
    Fresh,
    /// Itself, told again.
    Same(String),
    /// Itself, untold.
    Untold,
}

/// POST.
pub(crate) fn answer(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    let form = Unique::of(&request.form)?;
    let client = authenticate(app, request, &form)?;
    let purchase = match form.need("grant_type")? {
        "authorization_code" => code(app, &form, &client)?,
        "refresh_token" => refresh(app, &form, &client)?,
        "urn:ietf:params:oauth:grant-type:device_code" => device(app, &form, &client)?,
        "client_credentials" => program(app, &form, &client)?,
        _ => {
            return Err(Refusal::new(
                "unsupported_grant_type",
                "this grant type is not supported",
            ));
        }
    };
    let members = tokens(app, purchase)?;
    Ok(answer::object(StatusCode::OK, members, app.encoding(HERE)))
}

fn code(app: &App, form: &Unique<'_>, client: &Client) -> Result<Purchase, Refusal> {
    let redemption = CodeRedemption {
        code: form.need("code")?,
        client_id: &client.id,
        redirect_uri: form.need("redirect_uri")?,
        verifier: form.get("code_verifier"),
        now: app.now(),
        replay_allowed: app.shows(Fault::ReplayedCodeAccepted, HERE),
    };
    let mut store = app.store();
    let grant = store.grants.redeem_code(&redemption)?;
    let scopes = store
        .grants
        .grant(grant)
        .map(|grant| grant.scopes.clone())
        .unwrap_or_default();
    Ok(Purchase {
        grant,
        scopes,
        kind: Kind::First,
    })
}

fn refresh(app: &App, form: &Unique<'_>, client: &Client) -> Result<Purchase, Refusal> {
    let token = form.need("refresh_token")?;
    let scopes = form.get("scope").map(|_| form.scopes()).transpose()?;
    let reuse = if app.shows(Fault::ReuseUndetected, HERE) {
        Reuse::Undetected
    } else if app.shows(Fault::ReuseLeeway, HERE) {
        Reuse::Leeway
    } else {
        Reuse::Revokes
    };
    let successor = if app.shows(Fault::RefreshTokenMissingInAnswer, HERE) {
        Successor::Untold
    } else if !app.settings.refresh_rotation || app.shows(Fault::NoRotation, HERE) {
        Successor::Same(token.to_owned())
    } else {
        Successor::Fresh
    };
    let redemption = RefreshRedemption {
        token,
        client_id: &client.id,
        scopes: scopes.as_deref(),
        now: app.now(),
        rotate: matches!(successor, Successor::Fresh),
        reuse,
    };
    let (grant, scopes) = app.store().grants.redeem_refresh(&redemption)?;
    Ok(Purchase {
        grant,
        scopes,
        kind: Kind::Refresh(successor),
    })
}

fn device(app: &App, form: &Unique<'_>, client: &Client) -> Result<Purchase, Refusal> {
    if app.shows(Fault::DeviceExpiresAtOnce, HERE) {
        return Err(devices::expired());
    }
    if app.shows(Fault::DeviceDenied, HERE) {
        return Err(devices::denied());
    }
    let slow_down = if app.shows(Fault::SlowDown, HERE) {
        SlowDown::Twice
    } else if app.shows(Fault::SlowDownWithInterval, HERE) {
        SlowDown::OnceWithInterval
    } else {
        SlowDown::WhenDue
    };
    let poll = Poll {
        device_code: form.need("device_code")?,
        client_id: &client.id,
        now: app.now(),
        monotonic: app.clock.monotonic(),
        slow_down,
    };
    let mut store = app.store();
    let grant = store.devices.poll(&poll)?;
    let scopes = store
        .grants
        .grant(grant)
        .map(|grant| grant.scopes.clone())
        .unwrap_or_default();
    Ok(Purchase {
        grant,
        scopes,
        kind: Kind::First,
    })
}

fn program(app: &App, form: &Unique<'_>, client: &Client) -> Result<Purchase, Refusal> {
    if client.secret.is_none() {
        return Err(Refusal::new(
            "unauthorized_client",
            "a client without a secret cannot act for itself",
        ));
    }
    let scopes = form.scopes()?;
    let grant = Grant {
        client_id: client.id.clone(),
        user: None,
        scopes: scopes.clone(),
        nonce: None,
        auth_time: app.now(),
        revoked: false,
    };
    let grant = app.store().grants.add(grant);
    Ok(Purchase {
        grant,
        scopes,
        kind: Kind::Program,
    })
}

/// Makes the tokens, remembers them and writes the answer (RFC 6749, section 5.1).
pub(crate) fn tokens(app: &App, purchase: Purchase) -> Result<Map<String, Value>, Refusal> {
    let Purchase {
        grant: id,
        mut scopes,
        kind,
    } = purchase;
    if app.shows(Fault::ScopeNarrowed, HERE) {
        scopes.truncate(1);
    }
    let access = access_token(app)?;
    let (fresh, told) = refresh_token(app, &kind)?;
    let dead = app.shows(Fault::ExpiresAtOnce, HERE);
    let lifetime = if dead {
        Duration::ZERO
    } else {
        app.settings.access_token_lifetime
    };
    let grant = app.store().grants.grant(id).cloned();
    let mut members = Map::new();
    if let Some(grant) = &grant
        && let Some(user) = &grant.user
        && scopes.iter().any(|scope| scope == "openid")
    {
        let first = matches!(kind, Kind::First);
        members.insert(
            "id_token".into(),
            id_token::issue(app, grant, user, first)?.into(),
        );
    }
    app.issue(Issue {
        grant: id,
        scopes: scopes.clone(),
        access: access.clone(),
        refresh: fresh,
        expires_at: app.after(lifetime),
    });
    members.insert("access_token".into(), access.into());
    members.insert("token_type".into(), token_type(app).into());
    members.extend(expires_in(app, dead).map(|value| ("expires_in".to_owned(), value)));
    members.extend(told.map(|token| ("refresh_token".to_owned(), token.into())));
    members.extend(scope(app, &scopes).map(|value| ("scope".to_owned(), value)));
    Ok(members)
}

/// The refresh token to remember, and the one to tell.
fn refresh_token(app: &App, kind: &Kind) -> Result<(Option<String>, Option<String>), Refusal> {
    match kind {
        Kind::Program | Kind::Refresh(Successor::Untold) => Ok((None, None)),
        Kind::Refresh(Successor::Same(token)) => Ok((None, Some(token.clone()))),
        Kind::First if app.shows(Fault::NoRefreshToken, HERE) => Ok((None, None)),
        Kind::First | Kind::Refresh(Successor::Fresh) => {
            let fresh = app.random("rt_")?;
            Ok((Some(fresh.clone()), Some(fresh)))
        }
    }
}

/// Length of a token with `huge-token`.
const HUGE: usize = 16 * 1024;

fn access_token(app: &App) -> Result<String, Refusal> {
    let mut token = app.random("at_")?;
    if app.shows(Fault::HugeToken, HERE) {
        token.extend(std::iter::repeat_n('A', HUGE.saturating_sub(token.len())));
    }
    Ok(token)
}

fn token_type(app: &App) -> &'static str {
    if app.shows(Fault::TokenTypeMac, HERE) {
        "mac"
    } else {
        "Bearer"
    }
}

fn expires_in(app: &App, dead: bool) -> Option<Value> {
    if app.shows(Fault::ExpiresInMissing, HERE) {
        return None;
    }
    if app.shows(Fault::ExpiresInZero, HERE) {
        return Some(0.into());
    }
    let seconds = if dead {
        1
    } else {
        whole_seconds(app.settings.access_token_lifetime)
    };
    if app.shows(Fault::ExpiresInString, HERE) {
        return Some(seconds.to_string().into());
    }
    Some(seconds.into())
}

fn scope(app: &App, scopes: &[String]) -> Option<Value> {
    if app.shows(Fault::ScopeMissing, HERE) {
        return None;
    }
    let separator = if app.shows(Fault::ScopeCommaSeparated, HERE) {
        ","
    } else {
        " "
    };
    Some(scopes.join(separator).into())
}
