//! The authorization endpoint (RFC 6749, section 4.1; RFC 7636; RFC 9207).
use super::{
    answer::{self, Refusal},
    app::{App, CODE_LIFETIME, HOSTILE},
    browser_binding,
    endpoint::Endpoint,
    faults::Fault,
    grants::{Code, Grant},
    interactions::{AuthorizationRequest, Outcome, Purpose},
    pages,
    parameters::Unique,
    parties::User,
    record::RecordedRequest,
};
use axum::response::Response;

const HERE: Endpoint = Endpoint::Authorize;

/// GET: the sign-in page. Nothing is decided by it, so that a prefetcher can do no harm.
pub(crate) fn show(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    let parameters = match Unique::of(&request.query) {
        Ok(parameters) => parameters,
        Err(refusal) => return Ok(pages::failure(&refusal.description)),
    };
    let (client_id, redirect_uri) = match addressee(app, &parameters) {
        Ok(addressee) => addressee,
        // RFC 6749, section 4.1.2.1: without a redirect URI to trust, there is no redirect.
        Err(refusal) => return Ok(pages::failure(&refusal.description)),
    };
    let state = parameters.get("state").map(str::to_owned);
    let wanted = match checked(app, &parameters) {
        Ok((scopes, challenge)) => AuthorizationRequest {
            client_id,
            redirect_uri,
            state,
            scopes,
            nonce: parameters.get("nonce").map(str::to_owned),
            challenge,
        },
        Err(refusal) => {
            let location = refused(app, &redirect_uri, state.as_deref(), &refusal);
            return Ok(answer::see_other(&location));
        }
    };
    let (browser, cookie) = browser_binding::of(app, request)?;
    let id = app.random("")?;
    let name = app.client_name(&wanted.client_id, HERE);
    let page = pages::SignIn {
        action: "/authorize",
        interaction: &id,
        client: &name,
        scopes: &wanted.scopes,
        users: &app.settings.users,
        hint: parameters.get("login_hint"),
        redirect_uri: Some(&wanted.redirect_uri),
        user_code: None,
    };
    let response = page.response();
    app.store()
        .interactions
        .begin(id, browser, Purpose::Authorize(wanted));
    Ok(browser_binding::bind(response, cookie))
}

/// POST: the person decided. The same again for a second submit.
pub(crate) fn decide(app: &App, request: &RecordedRequest) -> Result<Response, Refusal> {
    let (form, found) = match browser_binding::decided(app, request) {
        Ok(decided) => decided,
        Err(refusal) => return Ok(pages::failure(&refusal.description)),
    };
    let id = form.get("interaction").unwrap_or_default();
    let location = match found {
        (_, Some(Outcome::Redirect(location))) => location,
        (Purpose::Authorize(wanted), None) => {
            let location = match decision(app, &form) {
                Ok(user) => granted(app, wanted, user)?,
                Err(refusal) if refusal.code == "access_denied" => {
                    refused(app, &wanted.redirect_uri, wanted.state.as_deref(), &refusal)
                }
                Err(refusal) => return Ok(pages::failure(&refusal.description)),
            };
            app.store()
                .interactions
                .end(id, Outcome::Redirect(location.clone()));
            location
        }
        _ => return Ok(pages::failure("This page belongs to another sign-in.")),
    };
    Ok(answer::see_other(&location))
}

/// What the person chose: who they are, or no.
pub(crate) fn decision(app: &App, form: &Unique<'_>) -> Result<User, Refusal> {
    match form.get("decision") {
        Some("allow") => {
            let login = form.get("user").unwrap_or_default();
            let user = app.user(login).cloned();
            user.ok_or_else(|| Refusal::invalid("Choose who you are."))
        }
        Some("deny") => Err(Refusal::new("access_denied", "the person said no")),
        _ => Err(Refusal::invalid("Choose to allow or to deny.")),
    }
}

/// The client and where to answer it.
fn addressee(app: &App, parameters: &Unique<'_>) -> Result<(String, String), Refusal> {
    let store = app.store();
    let client_id = parameters.need("client_id")?;
    let client = store
        .clients
        .get(client_id)
        .ok_or_else(|| Refusal::invalid(format!("no client is registered as {client_id:?}")))?;
    let redirect_uri = parameters.need("redirect_uri")?;
    if !client.allows_redirect(redirect_uri) {
        return Err(Refusal::invalid(
            "redirect_uri is not registered for this client",
        ));
    }
    Ok((client.id.clone(), redirect_uri.to_owned()))
}

/// The rest: scopes and challenge.
fn checked(app: &App, parameters: &Unique<'_>) -> Result<(Vec<String>, Option<String>), Refusal> {
    if parameters.need("response_type")? != "code" {
        return Err(Refusal::new(
            "unsupported_response_type",
            "only code is supported",
        ));
    }
    if parameters
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return Err(Refusal::invalid("only response_mode=query is supported"));
    }
    let challenge = match (
        parameters.get("code_challenge"),
        parameters.get("code_challenge_method"),
    ) {
        // 32 bytes of SHA-256 are 43 characters (RFC 7636, section 4.2).
        (Some(challenge), Some("S256")) if challenge.len() == 43 => Some(challenge.to_owned()),
        (None, None) if !app.settings.pkce_required => None,
        _ => return Err(Refusal::invalid("PKCE with S256 is required (RFC 7636)")),
    };
    // Nobody is ever signed in here, so there is no answer without asking.
    if parameters
        .get("prompt")
        .is_some_and(|prompt| prompt.split(' ').any(|word| word == "none"))
    {
        return Err(Refusal::new("login_required", "somebody must sign in"));
    }
    Ok((parameters.scopes()?, challenge))
}

fn granted(app: &App, wanted: AuthorizationRequest, user: User) -> Result<String, Refusal> {
    let code = app.random("code_")?;
    let mut pairs = vec![("code", code.clone())];
    let AuthorizationRequest {
        client_id,
        redirect_uri,
        state,
        scopes,
        nonce,
        challenge,
    } = wanted;
    if app.shows(Fault::DuplicateParameters, HERE) {
        pairs.push(("code", app.random("code_")?));
    }
    if app.shows(Fault::CodeAndError, HERE) {
        pairs.push(("error", "access_denied".into()));
    }
    let location = response_url(app, &redirect_uri, pairs, state.as_deref());
    let grant = Grant {
        client_id,
        user: Some(user),
        scopes,
        nonce,
        auth_time: app.now(),
        revoked: false,
    };
    let expires_at = app.after(CODE_LIFETIME);
    let mut store = app.store();
    let grant = store.grants.add(grant);
    store.grants.add_code(
        code,
        Code {
            grant,
            redirect_uri,
            challenge,
            expires_at,
            used: false,
        },
    );
    Ok(location)
}

fn refused(app: &App, redirect_uri: &str, state: Option<&str>, refusal: &Refusal) -> String {
    let hostile = app.shows(Fault::HostileErrorDescription, HERE);
    let description = if hostile {
        HOSTILE
    } else {
        &refusal.description
    };
    let pairs = vec![
        ("error", refusal.code.to_owned()),
        ("error_description", description.to_owned()),
    ];
    response_url(app, redirect_uri, pairs, state)
}

/// The redirect URI with the answer added to its query (RFC 6749, section 4.1.2).
fn response_url(
    app: &App,
    redirect_uri: &str,
    mut pairs: Vec<(&str, String)>,
    state: Option<&str>,
) -> String {
    if let Some(state) = state
        && !app.shows(Fault::StateDropped, HERE)
    {
        let changed = app.shows(Fault::StateChanged, HERE);
        let value = if changed {
            format!("another-{state}")
        } else {
            state.to_owned()
        };
        pairs.push(("state", value));
    }
    if app.shows(Fault::WrongIss, HERE) {
        pairs.push(("iss", "https://impostor.example".into()));
    } else if app.shows(Fault::NormalisedIss, HERE) {
        pairs.push(("iss", format!("{}/", app.issuer)));
    } else if !app.shows(Fault::MissingIss, HERE) {
        pairs.push(("iss", app.issuer.clone()));
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{separator}{query}")
}
