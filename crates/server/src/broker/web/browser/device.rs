//! `/device`: a person enters the code that a device shows (RFC 8628, section 3.3).

use axum::response::{IntoResponse, Response};
use oarlock_oauth::{
    authorization_server::user_code::UserCode, parameters::Parameters, text::Untrusted,
};

use super::{
    Answered, onward, show, sign_in,
    visit::{Form, Visit},
};
use crate::broker::{
    digest::{Digest, Purpose},
    pages::{self, Device, DeviceProblem, Page},
    store::LoginKey,
};

/// Fills the field with what the address has, and does nothing more: whoever follows a link has to send it.
pub(super) async fn get(visit: Visit) -> Response {
    let query = Parameters::parse(visit.query()).ok();
    let code = query.as_ref().and_then(|query| query.get("user_code"));
    let answer = Ok(page(&visit, code, None));
    visit.remember(answer).into_response()
}

pub(super) async fn post(form: Form) -> Response {
    enter(&form).await.into_response()
}

async fn enter(form: &Form) -> Answered {
    let Form { visit, fields } = form;
    let parts = visit.broker.parts();
    let typed = fields.get("user_code").unwrap_or_default();
    // Counted before it is looked up: a guess costs as much as a wrong one (RFC 8628, section 5.1).
    if let Err(wait) = parts.throttles.user_code(visit.from) {
        return Ok(page(visit, None, Some(DeviceProblem::TooMany(wait))));
    }
    let nothing = || Ok(page(visit, Some(typed), Some(DeviceProblem::Nothing)));
    let Some(code) = UserCode::parse(typed) else {
        return nothing();
    };
    let key = LoginKey::UserCode(Digest::of(Purpose::UserCode, code.letters()));
    let login = parts.store.login(key, visit.now).await?;
    let is_ours = |browser: Option<Digest>| browser.is_none_or(|it| it == visit.browser_digest());
    let Some(login) = login.filter(|login| is_ours(login.browser)) else {
        return nothing();
    };
    parts.throttles.user_code_was_right(visit.from);
    let client = onward::client(visit, &login).await?;
    sign_in::page(visit, &login.request, client.as_ref()).await
}

fn page(visit: &Visit, code: Option<&str>, problem: Option<DeviceProblem>) -> Response {
    let token = visit.form_token();
    show(&Page::Device(Device {
        user_code: code.map(Untrusted::new),
        problem,
        form: pages::Form { token: &token },
    }))
}
