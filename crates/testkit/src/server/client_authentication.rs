//! Client authentication (RFC 6749, section 2.3).
use super::{
    answer::Refusal, app::App, parameters::Unique, parties::Client, record::RecordedRequest,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use oarlock_oauth::secret::ClientSecret;

/// The client that asks. A confidential one must show its secret, by Basic or in the body, not both.
pub(crate) fn authenticate(
    app: &App,
    request: &RecordedRequest,
    form: &Unique<'_>,
) -> Result<Client, Refusal> {
    let basic = basic(request)?;
    let by_basic = basic.is_some();
    let (id, secret) = match basic {
        Some((id, secret)) => {
            if form.get("client_secret").is_some()
                || form.get("client_id").is_some_and(|other| other != id)
            {
                return Err(Refusal::invalid(
                    "the client authenticates in two ways at once",
                ));
            }
            (id, Some(secret))
        }
        None => (
            form.need("client_id")?.to_owned(),
            form.get("client_secret").map(str::to_owned),
        ),
    };
    let client = app
        .store()
        .clients
        .get(&id)
        .cloned()
        .ok_or_else(|| unauthenticated(by_basic))?;
    let right = match (&client.secret, &secret) {
        (None, None) => true,
        (Some(known), Some(secret)) => *known == ClientSecret::new(secret.as_str()),
        // An empty secret is how some clients say that they have none.
        (None, Some(secret)) => secret.is_empty(),
        (Some(_), None) => false,
    };
    if right {
        Ok(client)
    } else {
        Err(unauthenticated(by_basic))
    }
}

/// RFC 6749, section 5.2: 401, with a challenge where the client tried Basic.
fn unauthenticated(by_basic: bool) -> Refusal {
    let refusal = Refusal::new(
        "invalid_client",
        "the client is unknown or its secret is wrong",
    )
    .status(StatusCode::UNAUTHORIZED);
    if by_basic {
        refusal.challenge("Basic")
    } else {
        refusal
    }
}

/// Id and secret of the Basic scheme, each form-encoded before (RFC 6749, section 2.3.1).
fn basic(request: &RecordedRequest) -> Result<Option<(String, String)>, Refusal> {
    let Some(value) = request.header("authorization") else {
        return Ok(None);
    };
    let malformed = || unauthenticated(true);
    let (scheme, encoded) = value.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let text = String::from_utf8(decoded).map_err(|_| malformed())?;
    let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
    Ok(Some((form_decoded(id), form_decoded(secret))))
}

fn form_decoded(text: &str) -> String {
    // A lone value parses as the name of a pair; `=` and `&` were encoded by the client.
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}
