//! ID tokens (OpenID Connect Core, section 2), right and wrong.
use super::{
    app::{App, HOSTILE},
    endpoint::Endpoint,
    faults::Fault,
    grants::Grant,
    keys,
    parties::User,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::io;

/// Seconds an ID token lives.
const LIFETIME: i64 = 3600;

const HERE: Endpoint = Endpoint::Token;

/// The token for whoever gave the grant. `nonce` belongs in the first answer only (section 12.2).
pub(crate) fn issue(app: &App, grant: &Grant, user: &User, first: bool) -> io::Result<String> {
    let now = app.told_time(HERE);
    let mut claims = person(app, grant, user, HERE);
    claims.extend(addressed(app, grant, now));
    if let Some(nonce) = grant.nonce.as_deref().filter(|_| first) {
        let wrong = app.shows(Fault::WrongNonce, HERE);
        let nonce = if wrong { "another-logins-nonce" } else { nonce };
        claims.insert("nonce".into(), nonce.into());
    }
    sign(app, &Value::Object(claims))
}

/// What may be told about a person, by scope (section 5.4).
pub(crate) fn person(app: &App, grant: &Grant, user: &User, place: Endpoint) -> Map<String, Value> {
    let granted = |name: &str| grant.scopes.iter().any(|scope| scope == name);
    let hostile = app.shows(Fault::HostileUserName, place);
    let told = |text: &str| Value::from(if hostile { HOSTILE } else { text });
    let mut claims = Map::new();
    claims.insert("sub".into(), user.subject.clone().into());
    if granted("email") {
        claims.insert("email".into(), told(&user.email));
        claims.insert("email_verified".into(), true.into());
    }
    if granted("profile") {
        claims.insert("name".into(), told(&user.name));
        claims.insert("preferred_username".into(), told(&user.login));
    }
    claims
}

fn addressed(app: &App, grant: &Grant, now: Timestamp) -> Map<String, Value> {
    let client = grant.client_id.as_str();
    let now = now.as_second();
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("iss", app.issuer.clone().into());
    set("aud", client.into());
    set("azp", client.into());
    set("iat", now.into());
    set("exp", (now + LIFETIME).into());
    set("auth_time", (now.min(grant.auth_time.as_second())).into());
    if app.shows(Fault::WrongIdTokenIssuer, HERE) {
        set("iss", "https://impostor.example".into());
    }
    if app.shows(Fault::WrongAud, HERE) {
        set("aud", "another-client".into());
        set("azp", "another-client".into());
    }
    if app.shows(Fault::WrongAzp, HERE) {
        set("aud", json!([client, "another-client"]));
        set("azp", "another-client".into());
    }
    if app.shows(Fault::ExpiredIdToken, HERE) {
        set("iat", (now - 2 * LIFETIME).into());
        set("exp", (now - LIFETIME).into());
    }
    claims
}

fn sign(app: &App, claims: &Value) -> io::Result<String> {
    let mut header = json!({ "alg": "ES256", "typ": "JWT", "kid": app.key.kid });
    if app.shows(Fault::AlgNone, HERE) {
        return Ok(keys::unsigned(
            &json!({ "alg": "none", "typ": "JWT" }),
            claims,
        ));
    }
    if app.shows(Fault::Hs256WithPublicKey, HERE) {
        let header = json!({ "alg": "HS256", "typ": "JWT", "kid": app.key.kid });
        return Ok(app.key.sign_with_public_key(&header, claims));
    }
    if app.shows(Fault::UnknownKid, HERE) {
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": app.foreign_key.kid });
        return app.foreign_key.sign(&header, claims);
    }
    if app.shows(Fault::IdTokenJku, HERE) {
        let header = json!({
            "alg": "ES256", "typ": "JWT", "kid": app.foreign_key.kid,
            "jku": format!("{}/jwks.json", app.elsewhere), "jwk": app.foreign_key.jwk(),
        });
        return app.foreign_key.sign(&header, claims);
    }
    if app.shows(Fault::BadSignature, HERE) {
        return app.foreign_key.sign(&header, claims);
    }
    if app.shows(Fault::IdTokenCrit, HERE)
        && let Some(header) = header.as_object_mut()
    {
        header.insert("crit".into(), json!(["urn:oarlock:unheard-of"]));
        header.insert("urn:oarlock:unheard-of".into(), true.into());
    }
    app.key.sign(&header, claims)
}
