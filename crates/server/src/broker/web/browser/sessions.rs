//! `/sessions`: a person sees who acts for them, and ends it.

use axum::response::{IntoResponse, Response};
use http::header;
use oarlock_oauth::{
    authorization_server::client::ClientIdUrl, parameters::Parameters, text::Untrusted,
};

use super::{
    Answered, redirect_to, show, sign_in,
    sign_in::age,
    visit::{Form, Visit},
};
use crate::broker::{
    audit::{Event, What},
    id::SessionId,
    pages::{self, Listed, Notice, Page, Sessions},
    request::{Asked, LoginRequest},
    session::{Session, SessionKind},
    store::{SessionFilter, StoreError},
    user::User,
    web::cookies::Cookie,
};

/// Most that are shown; whoever has more revokes the rest by "all others".
const MOST: u32 = 200;

pub(super) async fn get(visit: Visit) -> Response {
    let answer = page(&visit).await;
    visit.remember(answer).into_response()
}

async fn page(visit: &Visit) -> Answered {
    let Some((this, user)) = visit.signed_in().await? else {
        let request = LoginRequest {
            asked: Asked::Sessions,
            at: visit.now,
            from: visit.from,
        };
        return sign_in::page(visit, &request, None).await;
    };
    let parts = visit.broker.parts();
    let mut sessions = Vec::new();
    for session in alive(visit, &user).await? {
        sessions.push(listed(visit, session, &this).await);
    }
    let revoked =
        Parameters::parse(visit.query()).is_ok_and(|query| query.get("revoked").is_some());
    let title = parts.upstreams.title(&user.provider);
    let token = visit.form_token();
    Ok(show(&Page::Sessions(Sessions {
        person: user.display_name(),
        provider: title.unwrap_or_else(|| Untrusted::new(user.provider).to_string()),
        sessions,
        revoked,
        form: pages::Form { token: &token },
    })))
}

async fn alive(visit: &Visit, user: &User) -> Result<Vec<Session>, StoreError> {
    let filter = SessionFilter {
        user: Some(user.id.clone()),
        alive_at: Some(visit.now),
        limit: MOST,
    };
    let found = visit.broker.parts().store.sessions(filter).await?;
    Ok(found.into_iter().map(|(session, _)| session).collect())
}

async fn listed(visit: &Visit, session: Session, this: &Session) -> Listed {
    let program = match session.kind {
        // Not by a name that it may change as it likes, nor fetched: whoever wants to be rid of it should not have to wait for it.
        SessionKind::Client if ClientIdUrl::parse(&session.client_id).is_some() => {
            Some(Untrusted::new(session.client_id.clone()))
        }
        SessionKind::Client => {
            let client = visit.broker.parts().clients.find(&session.client_id).await;
            Some(match client {
                Ok(client) => client.display_name(),
                // A client that is gone has its id still.
                Err(_) => Untrusted::new(session.client_id.clone()),
            })
        }
        SessionKind::Browser | SessionKind::Pairing => None,
    };
    Listed {
        is_this: session.id == this.id,
        id: session.id.to_string(),
        kind: session.kind,
        program,
        from: session.from,
        age: age(session.created_at, visit.now),
        idle: age(session.last_used_at, visit.now),
        scopes: session.scopes.iter().map(str::to_owned).collect(),
    }
}

pub(super) async fn post(form: Form) -> Response {
    change(&form).await.into_response()
}

async fn change(form: &Form) -> Answered {
    let Form { visit, fields } = form;
    let Some((this, user)) = visit.signed_in().await? else {
        return Err(Notice::Expired.into());
    };
    if fields.get("sign_out").is_some() {
        revoke(visit, &this).await?;
        let mut response = show(&Page::Notice(Notice::SignedOut));
        let cookie = Cookie::Session.remove(&visit.broker);
        response
            .headers_mut()
            .extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        return Ok(response);
    }
    let named = fields
        .get("revoke")
        .ok_or(Notice::BadRequest("no session was named"))?;
    let mut is_left = true;
    while is_left {
        let mut sessions = alive(visit, &user).await?;
        // Of somebody who has more than a page of them, the next page follows.
        is_left =
            named == "others" && sessions.len() >= usize::try_from(MOST).unwrap_or(usize::MAX);
        sessions.retain(|session| match named {
            "others" => session.id != this.id,
            id => session.id == SessionId::known(id),
        });
        is_left &= !sessions.is_empty();
        for session in &sessions {
            revoke(visit, session).await?;
        }
    }
    redirect_to(&format!(
        "{}sessions?revoked=yes",
        visit.broker.parts().public_url
    ))
}

async fn revoke(visit: &Visit, session: &Session) -> Result<(), StoreError> {
    let parts = visit.broker.parts();
    let before = parts
        .store
        .revoke_session(session.id.clone(), visit.now)
        .await?;
    // Of two at once, one has ended it.
    if before.is_none_or(|before| before.revoked_at.is_some()) {
        return Ok(());
    }
    visit.broker.parts().note(&Event {
        what: What::SessionRevoked,
        user: Some(&session.user),
        session: Some(&session.id),
        client_id: Some(session.client_id.as_str()).filter(|id| !id.is_empty()),
        from: Some(visit.from),
        why: Some("by_its_owner"),
        ..Event::default()
    });
    Ok(())
}
