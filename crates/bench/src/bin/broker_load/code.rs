//! The standard code flow, with PKCE, of a client that is trusted: no consent is asked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oarlock_oauth::{pkce, secret::CodeVerifier};
use serde::Deserialize;

use crate::{
    Fault,
    connection::{Connection, parameter},
    people::People,
    sign_in,
};

const CLIENT: &str = "bench";
const REDIRECT_URI: &str = "http://127.0.0.1:7/callback";
const REDIRECT_URI_ENCODED: &str = "http%3A%2F%2F127.0.0.1%3A7%2Fcallback";

#[derive(Deserialize)]
struct Tokens<'a> {
    access_token: &'a str,
    refresh_token: &'a str,
    id_token: &'a str,
    token_type: &'a str,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    nonce: Option<String>,
}

/// A whole one.
pub(crate) async fn login(
    connection: &mut Connection,
    upstream: &str,
    people: &People,
    number: usize,
) -> Result<(), Fault> {
    let person = people.of(number);
    let run = std::process::id();
    let verifier = format!("verifier-of-43-characters-{run:010}-{number:010}");
    let challenge = pkce::challenge(&CodeVerifier::new(&verifier));
    let nonce = format!("nonce-{number}");
    let page = format!(
        "/authorize?response_type=code&client_id={CLIENT}&redirect_uri={REDIRECT_URI_ENCODED}&scope=openid%20profile%20email&state=state-{number}&nonce={nonce}&code_challenge={challenge}&code_challenge_method=S256"
    );
    let away = sign_in::go(connection, &page, upstream).await?;
    let back = away.back(person);
    let sent = connection.get(&back, &away.cookie).await?.expect(200)?;
    let location = sent.leaves_to()?;
    let state = parameter(&location, "state");
    if !location.starts_with(REDIRECT_URI) || state != Some(&format!("state-{number}")) {
        return Err("the browser was sent elsewhere".into());
    }
    let code = parameter(&location, "code").ok_or("there is no code")?;
    let form = format!(
        "grant_type=authorization_code&client_id={CLIENT}&code={code}&redirect_uri={REDIRECT_URI_ENCODED}&code_verifier={verifier}"
    );
    let issuer = format!("http://{}", connection.address());
    let issued = connection.post("/token", "", &form).await?.expect(200)?;
    let tokens: Tokens<'_> = serde_json::from_str(issued.body)?;
    if tokens.token_type != "Bearer" || tokens.refresh_token.is_empty() {
        return Err("that are no tokens".into());
    }
    let (access, id) = (claims(tokens.access_token)?, claims(tokens.id_token)?);
    let is_right = access.sub == id.sub
        && access.iss == issuer
        && id.iss == issuer
        && id.nonce.as_deref() == Some(&nonce);
    if !is_right {
        return Err("the tokens say something else".into());
    }
    people.check(person, &id.sub)
}

/// What a token says. Its signature is the tests' matter.
fn claims(token: &str) -> Result<Claims, Fault> {
    let payload = token.split('.').nth(1).ok_or("no JWT")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}
