//! `/consent`: whether a program may have what it asks for.

use axum::response::{IntoResponse, Response};
use oarlock_oauth::{parameters::Parameters, text::Untrusted};

use super::{
    Answered, Stop, onward, show, sign_in,
    visit::{Form, Visit},
};
use crate::broker::{
    id::LoginId,
    login::{Login, Stage},
    pages::{self, Consent, Notice, Page},
    request::Asked,
    store::LoginKey,
};

pub(super) async fn get(visit: Visit) -> Response {
    page(&visit).await.into_response()
}

pub(super) async fn post(form: Form) -> Response {
    let answer = async {
        let Form { visit, fields } = &form;
        let login = login(visit, fields).await?;
        let allows = match fields.get("decision") {
            Some("allow") => true,
            Some("deny") => false,
            _ => return Err(Stop::from(Notice::BadRequest("nothing was decided"))),
        };
        // A device's consent is asked each time.
        let remember = matches!(login.request.asked, Asked::Code(_));
        onward::decide(visit, &login, allows, remember).await
    };
    answer.await.into_response()
}

/// The login of a request, in the browser that it belongs to.
async fn login(visit: &Visit, fields: &Parameters) -> Result<Login, Stop> {
    let id = LoginId::known(fields.get("login").unwrap_or_default());
    let login = visit
        .broker
        .parts()
        .store
        .login(LoginKey::Id(id), visit.now)
        .await?;
    login
        .filter(|login| login.browser == Some(visit.browser_digest()))
        .ok_or(Stop::Notice(Notice::Expired))
}

async fn page(visit: &Visit) -> Answered {
    let query = Parameters::parse(visit.query())
        .map_err(|_| Stop::Notice(Notice::BadRequest("the address cannot be read")))?;
    let login = login(visit, &query).await?;
    let Stage::Identified { user, .. } = &login.stage else {
        return onward::before(visit, &login, None).await;
    };
    let parts = visit.broker.parts();
    let user = parts.store.user(user.clone()).await?;
    let user = user.ok_or(Notice::Expired)?;
    let client = onward::client(visit, &login).await?;
    let title = parts.upstreams.title(&user.provider);
    let token = visit.form_token();
    Ok(show(&Page::Consent(Consent {
        asker: sign_in::asker(
            &visit.broker,
            &login.request,
            client.as_ref(),
            visit.from,
            visit.now,
        ),
        login: login.id.as_str(),
        person: user.display_name(),
        provider: title.unwrap_or_else(|| Untrusted::new(user.provider).to_string()),
        form: pages::Form { token: &token },
    })))
}
