//! The device authorization endpoint and its page (RFC 8628, sections 3.1 to 3.3).
use super::{
    answer::{self, Refusal},
    app::App,
    authorization::decision,
    browser_binding,
    client_authentication::authenticate,
    devices::{Decision, Device, whole_seconds},
    endpoint::Endpoint,
    faults::Fault,
    grants::Grant,
    interactions::{Outcome, Purpose},
    pages,
    parameters::Unique,
    parties::User,
    record::RecordedRequest,
};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value};

/// POST: begins a device authorization.
pub(crate) fn begin(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    const HERE: Endpoint = Endpoint::DeviceAuthorization;
    let form = Unique::of(&request.form)?;
    let client = authenticate(app, request, &form)?;
    let device = Device {
        device_code: app.random("dc_")?,
        user_code: user_code()?,
        client_id: client.id,
        scopes: form.scopes()?,
        expires_at: app.after(app.settings.device_lifetime),
        interval: app.settings.device_interval,
        decision: Decision::Pending,
        last_poll: None,
        polls: 0,
    };
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("device_code", device.device_code.clone().into());
    set("user_code", device.user_code.clone().into());
    set(
        "expires_in",
        whole_seconds(app.settings.device_lifetime).into(),
    );
    set(
        "interval",
        whole_seconds(app.settings.device_interval).into(),
    );
    if app.shows(Fault::DeviceHostileVerificationUri, HERE) {
        set("verification_uri", "javascript:alert(1)".into());
        set(
            "verification_uri_complete",
            "--renderer-cmd-prefix=xterm".into(),
        );
    } else if app.shows(Fault::DevicePrivateVerificationUri, HERE) {
        set("verification_uri", "https://192.168.0.1/device".into());
    } else {
        let page = format!("{}/device", app.issuer);
        set(
            "verification_uri_complete",
            format!("{page}?user_code={}", device.user_code).into(),
        );
        set("verification_uri", page.into());
    }
    app.store().devices.add(device);
    Ok(answer::object(
        StatusCode::OK,
        members,
        answer::Encoding::Json,
    ))
}

/// GET: asks for the code, or shows who asks. Nothing is decided by it.
pub(crate) fn show(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    let query = Unique::of(&request.query)?;
    let Some(typed) = query.get("user_code") else {
        return Ok(pages::code_entry(None));
    };
    let found = app.store().devices.pending(typed, app.now()).map(|device| {
        (
            device.user_code.clone(),
            device.client_id.clone(),
            device.scopes.clone(),
        )
    });
    // The same for wrong, expired and spent codes.
    let Some((user_code, client_id, scopes)) = found else {
        return Ok(pages::code_entry(Some(
            "This code is not known, or it has expired.",
        )));
    };
    let (browser, cookie) = browser_binding::of(app, request)?;
    let id = app.random("")?;
    let name = app.client_name(&client_id, Endpoint::DevicePage);
    let page = pages::SignIn {
        action: "/device",
        interaction: &id,
        client: &name,
        scopes: &scopes,
        users: &app.settings.users,
        hint: None,
        redirect_uri: None,
        user_code: Some(&user_code),
    };
    let response = page.response();
    app.store()
        .interactions
        .begin(id, browser, Purpose::Device(user_code));
    Ok(browser_binding::bind(response, cookie))
}

/// POST: the person decided.
pub(crate) fn decide(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    let (form, found) = match browser_binding::decided(app, request) {
        Ok(decided) => decided,
        Err(refusal) => return Ok(pages::failure(&refusal.description)),
    };
    let id = form.get("interaction").unwrap_or_default();
    let allowed = match found {
        (_, Some(Outcome::Device { allowed })) => allowed,
        (Purpose::Device(user_code), None) => {
            let user = match decision(app, &form) {
                Ok(user) => Some(user),
                Err(refusal) if refusal.code == "access_denied" => None,
                Err(refusal) => return Ok(pages::failure(&refusal.description)),
            };
            let allowed = user.is_some();
            if !settle(app, &user_code, user) {
                return Ok(pages::code_entry(Some(
                    "This code is not known, or it has expired.",
                )));
            }
            app.store()
                .interactions
                .end(id, Outcome::Device { allowed });
            allowed
        }
        _ => return Ok(pages::failure("This page belongs to another sign-in.")),
    };
    Ok(pages::device_done(allowed))
}

/// Allows (with a person) or denies (without); `false` when no such code waits.
pub(crate) fn settle(app: &App, user_code: &str, user: Option<User>) -> bool {
    let now = app.now();
    let mut store = app.store();
    let Some(device) = store.devices.pending(user_code, now) else {
        return false;
    };
    let grant = Grant {
        client_id: device.client_id.clone(),
        user,
        scopes: device.scopes.clone(),
        nonce: None,
        auth_time: now,
        revoked: false,
    };
    let decision = match grant.user {
        Some(_) => Decision::Allowed(store.grants.add(grant)),
        None => Decision::Denied,
    };
    store.devices.decide(user_code, decision, now)
}

/// Eight consonants: no words, nothing to mistake for a digit (section 6.1).
fn user_code() -> Result<String, Refusal> {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    // Bytes of 240 and above would make the first letters likelier than the others.
    let mut letters = oarlock_io::entropy::random()?
        .into_iter()
        .chain(oarlock_io::entropy::random()?)
        .filter(|byte| *byte < 240)
        .filter_map(|byte| LETTERS.get(usize::from(byte % 20)))
        .map(|letter| char::from(*letter));
    let first: String = letters.by_ref().take(4).collect();
    let second: String = letters.take(4).collect();
    Ok(format!("{first}-{second}"))
}
