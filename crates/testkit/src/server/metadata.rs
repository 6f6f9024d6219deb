//! Metadata (RFC 8414; OpenID Connect Discovery) and the key set.
use super::{
    answer, answer::Refusal, app::App, endpoint::Endpoint, faults::Fault, record::RecordedRequest,
};
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Both well-known documents; they say the same.
pub(crate) fn document(app: &App, _: &RecordedRequest) -> Result<Response, Refusal> {
    let mut document = endpoints(app);
    document.extend(capabilities());
    document.insert("issuer".into(), app.issuer.clone().into());
    if let Some((client_id, page)) = &app.settings.built_in {
        document.insert("oarlock_client_id".into(), client_id.clone().into());
        document.insert(
            "oarlock_code_page".into(),
            format!("{}{page}", app.issuer).into(),
        );
    }
    spoil(app, &mut document);
    Ok(answer::json(Value::Object(document)))
}

/// The key set (RFC 7517).
pub(crate) fn keys(app: &App, _: &RecordedRequest) -> Result<Response, Refusal> {
    Ok(answer::json(json!({ "keys": [app.key.jwk()] })))
}

fn endpoints(app: &App) -> Map<String, Value> {
    const MEMBERS: [(&str, &str, Endpoint); 8] = [
        ("authorization_endpoint", "/authorize", Endpoint::Authorize),
        ("token_endpoint", "/token", Endpoint::Token),
        (
            "device_authorization_endpoint",
            "/device_authorization",
            Endpoint::DeviceAuthorization,
        ),
        ("revocation_endpoint", "/revoke", Endpoint::Revoke),
        (
            "introspection_endpoint",
            "/introspect",
            Endpoint::Introspect,
        ),
        ("userinfo_endpoint", "/userinfo", Endpoint::Userinfo),
        ("registration_endpoint", "/register", Endpoint::Register),
        ("jwks_uri", "/jwks.json", Endpoint::Jwks),
    ];
    MEMBERS
        .iter()
        .filter(|(_, _, endpoint)| !app.settings.absent.contains(endpoint))
        .map(|(name, path, _)| ((*name).to_owned(), format!("{}{path}", app.issuer).into()))
        .collect()
}

fn capabilities() -> Map<String, Value> {
    let members = json!({
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "name", "preferred_username", "email", "email_verified", "auth_time"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent"],
    });
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn spoil(app: &App, document: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| document.insert(name.to_owned(), value);
    if app.shows(Fault::MetadataWrongIssuer, Endpoint::Metadata) {
        set("issuer", "https://impostor.example".into());
    }
    if app.shows(Fault::MetadataPrivateEndpoints, Endpoint::Metadata) {
        set("token_endpoint", "https://10.0.0.1/token".into());
        set(
            "userinfo_endpoint",
            "https://169.254.169.254/latest/meta-data/".into(),
        );
        set("revocation_endpoint", "https://[fd00::1]/revoke".into());
        set("jwks_uri", "https://10.0.0.1/jwks.json".into());
    }
    if app.shows(Fault::MetadataPrivateAuthorization, Endpoint::Metadata) {
        set("authorization_endpoint", "http://127.0.0.1:9/admin".into());
    }
    if app.shows(Fault::MetadataHostileEndpoint, Endpoint::Metadata) {
        set(
            "authorization_endpoint",
            "javascript:alert(document.domain)".into(),
        );
    }
    if app.shows(Fault::PkceNotSupported, Endpoint::Metadata) {
        set("code_challenge_methods_supported", json!(["plain"]));
    }
}
