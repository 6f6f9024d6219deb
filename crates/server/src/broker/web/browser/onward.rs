//! From a person who is known to the end: consent, the decision, and back to the program.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use oarlock_io::entropy;
use oarlock_oauth::{
    authorization::ErrorCode, scope::Scopes, secret::AuthorizationCode, text::Untrusted,
};

use super::{Answered, Stop, redirect_to, show, sign_in::after, visit::Visit};
use crate::broker::{
    audit::{Event, What},
    clients::{Client, ClientError},
    digest::{Digest, Purpose},
    id::LoginId,
    login::{Login, Stage},
    pages::{Leave, Notice, Page},
    request::Asked,
    store::{Decide, Decided, Decision},
    user::User,
};

/// How long a browser is asked to wait where there is no room.
pub(super) const FULL: Duration = Duration::from_secs(30);

/// What the browser has just done: after a form a redirect elsewhere would be subject to `form-action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It came by a link or a redirect.
    AfterGet,
    /// It has sent a form.
    AfterPost,
}

/// The person is known: asks for consent where it is due, else goes on.
pub(super) async fn identified(visit: &Visit, login: Login, user: User, way: Way) -> Answered {
    if login.request.asked == Asked::Sessions {
        return redirect_to(&format!("{}sessions", visit.broker.parts().public_url));
    }
    let client = client(visit, &login).await?;
    if is_consent_due(visit, &login, &user, client.as_ref()).await? {
        let public = &visit.broker.parts().public_url;
        return redirect_to(&format!("{public}consent?login={}", login.id));
    }
    decide(visit, &login.id, true, false, way).await
}

/// The client of a login; none for those that have none.
pub(super) async fn client(visit: &Visit, login: &Login) -> Result<Option<Client>, Stop> {
    let Some(id) = login.request.asked.client_id() else {
        return Ok(None);
    };
    match visit.broker.parts().clients.find(id).await {
        Ok(client) => Ok(Some(client)),
        Err(ClientError::Store(error)) => Err(error.into()),
        Err(ClientError::Unknown | ClientError::Document(_)) => {
            Err(Notice::BadRequest("the program that asks is not known here any more").into())
        }
    }
}

async fn is_consent_due(
    visit: &Visit,
    login: &Login,
    user: &User,
    client: Option<&Client>,
) -> Result<bool, Stop> {
    let code = match &login.request.asked {
        Asked::Code(code) => code,
        // Whoever typed a code that somebody gave them is asked once more.
        Asked::Device(_) => return Ok(true),
        Asked::Pairing(_) | Asked::Sessions => return Ok(false),
    };
    if code.prompt.consent {
        return Ok(true);
    }
    if client.is_some_and(Client::is_trusted) {
        return Ok(false);
    }
    let agreed = visit
        .broker
        .parts()
        .store
        .consent(user.id.clone(), code.client_id.clone())
        .await?;
    let covers = |agreed: &Scopes| code.scopes.iter().all(|scope| agreed.contains(scope));
    // Where for is not remembered, so a resource is asked for each time.
    Ok(!(code.resources.is_empty() && agreed.as_ref().is_some_and(covers)))
}

/// Takes a decision up, and sends the browser on.
pub(super) async fn decide(
    visit: &Visit,
    id: &LoginId,
    allows: bool,
    remember: bool,
    way: Way,
) -> Answered {
    let parts = visit.broker.parts();
    let code = AuthorizationCode::from_random(entropy::random()?);
    let decision = if allows {
        Decision::Allow {
            code: Some(Digest::of(Purpose::Code, code.expose())),
            until: after(visit.now, parts.config.lifetimes.code)?,
            remember,
        }
    } else {
        Decision::Deny
    };
    let decide = Decide {
        login: id.clone(),
        browser: visit.browser_digest(),
        decision,
    };
    match parts.store.decide(decide, visit.now).await? {
        Decided::Now(login) => {
            note(visit, &login, allows);
            over(visit, &login, allows.then_some(&code), way).await
        }
        Decided::Before(login) => Ok(before(&login)),
        Decided::Unknown => Err(Notice::Expired.into()),
    }
}

fn note(visit: &Visit, login: &Login, allows: bool) {
    let user = match &login.stage {
        Stage::Granted { user, .. } => Some(user),
        _ => None,
    };
    visit.broker.parts().note(&Event {
        what: if allows { What::Granted } else { What::Denied },
        user,
        client_id: login.request.asked.client_id(),
        from: Some(visit.from),
        ..Event::default()
    });
}

async fn over(
    visit: &Visit,
    login: &Login,
    code: Option<&AuthorizationCode>,
    way: Way,
) -> Answered {
    let issuer = &visit.broker.parts().issuer;
    let Asked::Code(request) = &login.request.asked else {
        let notice = if code.is_some() {
            Notice::Done
        } else {
            Notice::Denied
        };
        return Ok(show(&Page::Notice(notice)));
    };
    let location = match code {
        Some(code) => request.granted(code, issuer),
        None => request.refused(&ErrorCode::AccessDenied, "the person said no", issuer),
    };
    match way {
        Way::AfterGet => redirect_to(location.as_str()),
        Way::AfterPost => {
            let client = client(visit, login).await?;
            let whom = client.as_ref().map(Client::display_name);
            Ok(show(&Page::Leave(Leave {
                to: &location,
                whom: whom.unwrap_or_else(|| Untrusted::new(request.client_id.clone())),
            })))
        }
    }
}

/// The page of a login that is over, for a browser that comes back to it (hostile.md, 9).
pub(super) fn before(login: &Login) -> Response {
    let notice = match login.stage {
        Stage::Granted { .. } | Stage::Redeemed { .. } => Notice::Done,
        Stage::Denied => Notice::Denied,
        Stage::Asked
        | Stage::Upstream(_)
        | Stage::Exchanging { .. }
        | Stage::Identified { .. }
        | Stage::Failed => Notice::Interrupted,
    };
    show(&Page::Notice(notice)).into_response()
}
