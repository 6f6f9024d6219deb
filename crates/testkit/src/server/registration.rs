//! Dynamic client registration (RFC 7591), open to everybody.
use super::{
    answer::{self, Encoding, Refusal},
    app::{App, HOSTILE},
    endpoint::Endpoint,
    faults::Fault,
    parties::Client,
    record::RecordedRequest,
};
use axum::response::Response;
use http::StatusCode;
use oarlock_oauth::secret::ClientSecret;
use serde_json::{Map, Value, json};
use url::Url;

const HERE: Endpoint = Endpoint::Register;

/// Clients that may register themselves.
const KEPT: usize = 1_000;

/// POST.
pub(crate) fn register(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    if app.shows(Fault::RegistrationRefused, HERE) {
        return Err(
            Refusal::new("access_denied", "clients are registered by hand here")
                .status(StatusCode::FORBIDDEN),
        );
    }
    let wanted: Map<String, Value> = serde_json::from_slice(&request.body)
        .map_err(|_| metadata("the body is not a JSON object"))?;
    let mut client = Client::public(app.random("client-")?).redirect_uris(redirect_uris(&wanted)?);
    if let Some(name) = wanted.get("client_name").and_then(Value::as_str) {
        client = client.name(name);
    }
    let method = wanted
        .get("token_endpoint_auth_method")
        .and_then(Value::as_str);
    // Left out, it means client_secret_basic (section 2).
    let method = method.unwrap_or("client_secret_basic");
    match method {
        "none" => {}
        "client_secret_basic" | "client_secret_post" => {
            client.secret = Some(ClientSecret::new(app.random("secret-")?));
        }
        _ => {
            return Err(metadata(
                "token_endpoint_auth_method must be none, client_secret_basic or client_secret_post",
            ));
        }
    }
    let members = answered(app, &client, method, &wanted);
    let mut store = app.store();
    if store.clients.len() >= KEPT {
        return Err(Refusal::new("temporarily_unavailable", "too many clients")
            .status(StatusCode::SERVICE_UNAVAILABLE));
    }
    store.clients.insert(client.id.clone(), client);
    Ok(answer::object(StatusCode::CREATED, members, Encoding::Json))
}

/// Section 3.2.1.
fn answered(
    app: &App,
    client: &Client,
    method: &str,
    wanted: &Map<String, Value>,
) -> Map<String, Value> {
    let hostile = app.shows(Fault::HostileClientName, HERE);
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("client_id", client.id.clone().into());
    set(
        "client_id_issued_at",
        app.told_time(HERE).as_second().into(),
    );
    set(
        "client_name",
        if hostile {
            HOSTILE.into()
        } else {
            client.name.clone().into()
        },
    );
    set("redirect_uris", client.redirect_uris.clone().into());
    set("token_endpoint_auth_method", method.into());
    for (name, default) in [
        (
            "grant_types",
            json!(["authorization_code", "refresh_token"]),
        ),
        ("response_types", json!(["code"])),
        ("application_type", json!("native")),
    ] {
        set(name, wanted.get(name).cloned().unwrap_or(default));
    }
    if let Some(scope) = wanted.get("scope") {
        set("scope", scope.clone());
    }
    if let Some(secret) = &client.secret {
        set("client_secret", secret.expose().into());
        set("client_secret_expires_at", 0.into());
    }
    members
}

fn redirect_uris(wanted: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let refused = |text: &str| {
        Refusal::new(
            "invalid_redirect_uri",
            format!("{text:?} is neither https, nor loopback, nor an app's own scheme"),
        )
    };
    let uris = wanted
        .get("redirect_uris")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if uris.is_empty() || uris.len() > 10 {
        return Err(Refusal::new(
            "invalid_redirect_uri",
            "redirect_uris must have one to ten members",
        ));
    }
    uris.iter()
        .map(|uri| {
            let text = uri.as_str().unwrap_or_default();
            let url = Url::parse(text).map_err(|_| refused(text))?;
            if acceptable(&url) {
                Ok(text.to_owned())
            } else {
                Err(refused(text))
            }
        })
        .collect()
}

/// RFC 8252, sections 7.1 to 7.3.
fn acceptable(url: &Url) -> bool {
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let clean = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    clean
        && match url.scheme() {
            "https" => true,
            "http" => loopback,
            own => own.contains('.'),
        }
}

fn metadata(description: &str) -> Refusal {
    Refusal::new("invalid_client_metadata", description)
}
