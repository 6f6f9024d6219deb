//! `/login`: a person chose a provider, goes on as who they are, or says no. Here a login begins to be kept.

use axum::response::{IntoResponse, Response};
use oarlock_io::entropy;
use oarlock_oauth::{
    Timestamp, authorization::ErrorCode, authorization_server::user_code::UserCode,
    parameters::Parameters, text::Untrusted,
};

use super::{
    Answered, Stop, onward, show,
    sign_in::{self, after},
    visit::{Form, Visit},
};
use crate::broker::{
    digest::{Digest, Purpose},
    id::LoginId,
    login::{AtUpstream, Login, Stage},
    pages::{Leave, Notice, Page},
    request::{Asked, LoginRequest},
    seal::Use,
    store::{Approach, Begun, NewLogin},
};

/// The sign-in page of a pairing, whose address has the sealed request.
pub(super) async fn get(visit: Visit) -> Response {
    let answer = async {
        let query = Parameters::parse(visit.query())
            .map_err(|_| Stop::Notice(Notice::BadRequest("the address cannot be read")))?;
        let request = opened(&visit, query.get("request").unwrap_or_default())?;
        if !matches!(request.asked, Asked::Pairing(_)) {
            return Err(Notice::Expired.into());
        }
        sign_in::page(&visit, &request, None).await
    }
    .await;
    visit.remember(answer).into_response()
}

pub(super) async fn post(form: Form) -> Response {
    commit(&form).await.into_response()
}

async fn commit(form: &Form) -> Answered {
    let Form { visit, fields } = form;
    let request = opened(visit, fields.get("request").unwrap_or_default())?;
    visit
        .broker
        .parts()
        .throttles
        .login(visit.from)
        .map_err(Notice::TooMany)?;
    if fields.get("cancel").is_some() {
        return cancel(visit, &request).await;
    }
    if let Some(user) = fields.get("continue") {
        return go_on(visit, request, user).await;
    }
    match fields.get("upstream") {
        Some(upstream) => depart(visit, request, upstream).await,
        None => Err(Notice::BadRequest("no provider was chosen").into()),
    }
}

/// What was sealed into the page, if it is still good.
fn opened(visit: &Visit, sealed: &str) -> Result<LoginRequest, Stop> {
    let parts = visit.broker.parts();
    let request: LoginRequest = parts
        .seal
        .open(Use::Request, sealed)
        .map_err(|_| Stop::Notice(Notice::Expired))?;
    if visit.now < ends(visit, &request)? {
        Ok(request)
    } else {
        Err(Notice::Expired.into())
    }
}

/// When nothing can come of a request any more.
fn ends(visit: &Visit, request: &LoginRequest) -> Result<Timestamp, Stop> {
    let lifetimes = &visit.broker.parts().config.lifetimes;
    let lasts = match request.asked {
        Asked::Code(_) | Asked::Sessions => lifetimes.login,
        Asked::Device(_) | Asked::Pairing(_) => lifetimes.device,
    };
    after(request.at, lasts)
}

async fn cancel(visit: &Visit, request: &LoginRequest) -> Answered {
    let parts = visit.broker.parts();
    match &request.asked {
        Asked::Code(code) => {
            let location = code.refused(
                &ErrorCode::AccessDenied,
                "the person said no",
                &parts.issuer,
            );
            return Ok(onward::leave(visit, code, &location).await);
        }
        Asked::Device(_) => {
            // A device that has gone meanwhile is told nothing, which is what was wanted.
            drop(enter(visit, request.clone(), Stage::Denied).await?);
        }
        Asked::Pairing(_) | Asked::Sessions => {}
    }
    Ok(show(&Page::Notice(Notice::Denied)))
}

/// As who was signed in when the page was shown, and is still.
async fn go_on(visit: &Visit, request: LoginRequest, shown: &str) -> Answered {
    let signed_in = visit.signed_in().await?;
    let Some((session, user)) = signed_in
        .filter(|(_, user)| user.id.as_str() == shown)
        .filter(|(session, _)| sign_in::may_continue(&visit.broker, &request, session, visit.now))
    else {
        return Err(Notice::Expired.into());
    };
    let stage = Stage::Identified {
        user: user.id.clone(),
        session: session.id,
    };
    let login = enter(visit, request, stage).await?.ok_or(Notice::Expired)?;
    onward::identified(visit, login, user).await
}

/// Off to the provider.
async fn depart(visit: &Visit, request: LoginRequest, upstream: &str) -> Answered {
    let parts = visit.broker.parts();
    let again = match &request.asked {
        // Who goes to the provider has no sign-in here that is young enough, and how old the provider's own is, it does not say.
        Asked::Code(code) => {
            code.prompt.login || code.prompt.select_account || code.max_age.is_some()
        }
        _ => false,
    };
    let departure = match parts.upstreams.depart(upstream, again).await {
        Ok(departure) => departure,
        Err(error) => {
            tracing::warn!(upstream, %error, "a login cannot go to its provider");
            return Err(Notice::from(&error).into());
        }
    };
    let stage = Stage::Upstream(AtUpstream {
        upstream: upstream.to_owned(),
        state: Digest::of(Purpose::UpstreamState, departure.state.expose()),
        sealed: parts
            .seal
            .seal(Use::Upstream, &departure.kept)?
            .into_bytes(),
    });
    enter(visit, request, stage).await?.ok_or(Notice::Expired)?;
    let title = parts.upstreams.title(upstream);
    Ok(show(&Page::Leave(Leave {
        to: &departure.location,
        whom: Untrusted::new(title.unwrap_or_else(|| upstream.to_owned())),
    })))
}

/// Puts a login in, or moves a device's on. `None`: the device's is over, or another browser has it.
async fn enter(visit: &Visit, request: LoginRequest, stage: Stage) -> Result<Option<Login>, Stop> {
    let parts = visit.broker.parts();
    if let Asked::Device(device) = &request.asked {
        let code = UserCode::parse(&device.user_code).ok_or(Notice::Expired)?;
        let approach = Approach {
            user_code: Digest::of(Purpose::UserCode, code.letters()),
            browser: visit.browser_digest(),
            stage,
        };
        return Ok(parts.store.approach(approach, visit.now).await?);
    }
    let login = NewLogin {
        id: LoginId::from_random(entropy::random()?),
        expires_at: ends(visit, &request)?,
        request,
        stage,
        browser: Some(visit.browser_digest()),
        device: None,
        most: parts.config.limits.logins,
    };
    match parts.store.begin(login.clone()).await? {
        Begun::Yes => Ok(Some(Login {
            id: login.id,
            request: login.request,
            stage: login.stage,
            browser: login.browser,
            expires_at: login.expires_at,
        })),
        Begun::Full => Err(Notice::Full(onward::FULL).into()),
        Begun::Taken => Ok(None),
    }
}
