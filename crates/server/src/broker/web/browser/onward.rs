//! From a person who is known to the end: consent, the decision, and back to the program.

use std::time::Duration;

use axum::response::Response;
use oarlock_oauth::{
    Timestamp, authorization::ErrorCode, authorization_server::authorization::AuthorizationRequest,
    scope::Scopes, secret::AuthorizationCode, text::Untrusted,
};
use url::Url;

use super::{Answered, Stop, redirect_to, show, sign_in::after, visit::Visit};
use crate::broker::{
    audit::{Event, What},
    clients::{Client, ClientError},
    digest::{Digest, Purpose},
    login::{Login, Stage},
    pages::{Leave, Notice, Page},
    request::Asked,
    store::{Decide, Decided, Decision, LoginKey},
    user::User,
};

/// How long a browser is asked to wait where there is no room.
pub(super) const FULL: Duration = Duration::from_secs(30);

/// The person is known: asks for consent where it is due, else goes on.
pub(super) async fn identified(visit: &Visit, login: Login, user: User) -> Answered {
    if login.request.asked == Asked::Sessions {
        return redirect_to(&format!("{}sessions", visit.broker.parts().public_url));
    }
    let client = client(visit, &login).await?;
    if is_consent_due(visit, &login, &user, client.as_ref()).await? {
        let public = &visit.broker.parts().public_url;
        return redirect_to(&format!("{public}consent?login={}", login.id));
    }
    decide(visit, &login, true, false).await
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
pub(super) async fn decide(visit: &Visit, login: &Login, allows: bool, remember: bool) -> Answered {
    let parts = visit.broker.parts();
    let code = parts.seal.code(&login.id);
    let decision = if allows {
        Decision::Allow {
            code: Some(Digest::of(Purpose::Code, code.expose())),
            until: until(visit, login)?,
            remember,
        }
    } else {
        Decision::Deny
    };
    let decide = Decide {
        login: login.id.clone(),
        browser: visit.browser_digest(),
        decision,
    };
    match parts.store.decide(decide, visit.now).await? {
        Decided::Now(login) => {
            note(visit, &login, allows);
            over(visit, &login, allows.then_some(&code)).await
        }
        Decided::Before(login) => before(visit, &login, Some(allows)).await,
        Decided::Unknown => Err(Notice::Expired.into()),
    }
}

/// Until when it can be fetched. A code crosses a browser and is short-lived; who polls was promised a time before (RFC 8628, section 3.2), and
/// may ask less often than a code lives.
fn until(visit: &Visit, login: &Login) -> Result<Timestamp, Stop> {
    let short = after(visit.now, visit.broker.parts().config.lifetimes.code)?;
    Ok(match login.request.asked {
        Asked::Device(_) | Asked::Pairing(_) => short.max(login.expires_at),
        Asked::Code(_) | Asked::Sessions => short,
    })
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

async fn over(visit: &Visit, login: &Login, code: Option<&AuthorizationCode>) -> Answered {
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
    Ok(leave(visit, request, &location).await)
}

/// To the client with its answer. By a page: browsers apply `form-action` to whatever a form leads to, so a redirect would end at the policy of the
/// page where somebody last pressed a button, be it ours or the provider's.
pub(super) async fn leave(
    visit: &Visit,
    request: &AuthorizationRequest,
    location: &Url,
) -> Response {
    let client = visit.broker.parts().clients.find(&request.client_id).await;
    let whom = client.as_ref().map(Client::display_name);
    show(&Page::Leave(Leave {
        to: location,
        whom: whom.unwrap_or_else(|_| Untrusted::new(request.client_id.clone())),
    }))
}

/// The answer to a browser that comes back to a login that is over (hostile.md, 9): what it was answered then, as long as the program has not got it
/// and nothing else is `said` now.
pub(super) async fn before(visit: &Visit, login: &Login, said: Option<bool>) -> Answered {
    let notice = match login.stage {
        Stage::Granted { .. } if said != Some(false) => match code_again(visit, login).await? {
            Some(code) => return over(visit, login, Some(&code)).await,
            // The program did not come for it in time, and gets nothing any more.
            None => Notice::Expired,
        },
        Stage::Granted { .. } | Stage::Redeemed { .. } => Notice::Done,
        Stage::Denied if said == Some(false) => return over(visit, login, None).await,
        Stage::Denied => Notice::Denied,
        Stage::Asked
        | Stage::Upstream(_)
        | Stage::Exchanging { .. }
        | Stage::Identified { .. }
        | Stage::Failed => Notice::Interrupted,
    };
    Ok(show(&Page::Notice(notice)))
}

/// The code that the login was given, if it is good still and the key that it was made with is ours.
async fn code_again(visit: &Visit, login: &Login) -> Result<Option<AuthorizationCode>, Stop> {
    let parts = visit.broker.parts();
    let code = parts.seal.code(&login.id);
    let key = LoginKey::Code(Digest::of(Purpose::Code, code.expose()));
    let known = parts.store.login(key, visit.now).await?;
    Ok(known
        .is_some_and(|known| known.id == login.id)
        .then_some(code))
}
