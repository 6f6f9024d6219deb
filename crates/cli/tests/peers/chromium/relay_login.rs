//! A whole login by the relay: the program is somewhere else than the browser.

use http::{Request, header};
use serde_json::json;

use super::{insist_on_quiet_console, picture};
use crate::{
    browser::Chromium,
    call::Running,
    http_client::{json as body_of, send},
    nginx::relay_behind_nginx,
    provider::OidcProvider,
    relay::Relay,
    sandbox::Sandbox,
};

/// A client whose redirect URI is the relay's callback: its id.
fn client_of(provider: &OidcProvider, callback: &str) -> String {
    let client = json!({
        "client_name": "A headless program",
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [callback],
    });
    let request =
        Request::post(provider.at("/reg")).header(header::CONTENT_TYPE, "application/json");
    let answer = send(request.body(client.to_string().into_bytes()).unwrap());
    assert_eq!(answer.status(), 201, "{:?}", body_of(&answer));
    body_of(&answer)["client_id"].as_str().unwrap().to_owned()
}

/// `oarlock login` at a home that is not the relay's.
fn login(sandbox: &Sandbox, provider: &OidcProvider, relay: &Relay) -> Running {
    let client = client_of(provider, &format!("{}/oauth/callback", relay.url()));
    let place = format!("unix:{}", relay.programs());
    sandbox
        .oarlock(["login", provider.issuer(), "--client-id", &client])
        .arguments(["--flow", "relay", "--relay", &place, "--no-browser"])
        .spawn()
}

/// Does at the provider what `ada` does.
fn sign_in(browser: &Chromium, login: &Running, decision: &str) {
    browser.open(login.login_address().as_str());
    browser.type_into("#login-form #login", "ada");
    browser.click("#login-form #submit");
    browser.click(decision);
}

#[test]
fn a_person_logs_a_headless_program_in() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let (relay, browser) = (Relay::on_a_unix_socket(""), Chromium::start());
    let login = login(&sandbox, &provider, &relay);
    sign_in(&browser, &login, "#consent-form #submit");
    browser.wait_for_heading("Authorization Complete");
    let address = browser.address();
    assert!(address.starts_with(&relay.url()), "{address}");
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as ada@example.test"), "{login:?}");
    assert_eq!(provider.userinfo(&sandbox.token()).body["sub"], "ada");
    insist_on_quiet_console(&browser, &relay.url());

    let address = url::Url::parse(&address).unwrap();
    let (_, code) = address
        .query_pairs()
        .find(|(name, _)| name == "code")
        .unwrap();
    login.keeps_secret(&code);
    let said = relay.stop();
    for (_, value) in address.query_pairs() {
        said.keeps_secret(&value);
    }
}

/// The program on another machine, nginx with HTTPS before the relay, and the browser anywhere.
#[test]
fn a_person_logs_a_program_elsewhere_in_through_nginx() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let (relay, nginx) = relay_behind_nginx("");
    let rules = format!(
        "--host-resolver-rules=MAP login.example.com {}",
        nginx.tls()
    );
    let browser = Chromium::start_with(&[&rules, "--ignore-certificate-errors"]);
    let callback = "https://login.example.com/oauth/callback";
    let client = client_of(&provider, callback);
    let authority = nginx.authority();
    let network = format!("[network]\nca_file = \"{}\"\n", authority.display());
    sandbox.secret_file("home/config.toml", &network);
    let place = format!("https://localhost:{}", nginx.tls().port());
    let login = sandbox
        .oarlock(["login", provider.issuer(), "--client-id", &client])
        .arguments(["--flow", "relay", "--relay", &place, "--no-browser"])
        .environment("OARLOCK_RELAY_TOKEN", relay.token())
        .spawn();
    sign_in(&browser, &login, "#consent-form #submit");
    browser.wait_for_heading("Authorization Complete");
    assert!(browser.address().starts_with(callback));
    insist_on_quiet_console(&browser, callback);
    login.finish().ended_with(0);
    assert_eq!(provider.userinfo(&sandbox.token()).body["sub"], "ada");
}

#[test]
fn a_person_who_says_no_is_told_so_and_so_is_the_program() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let (relay, browser) = (Relay::on_a_unix_socket(""), Chromium::start());
    let login = login(&sandbox, &provider, &relay);
    sign_in(&browser, &login, "#consent-form #deny");
    browser.wait_for_heading("Access denied");
    login.finish().ended_with(5);
    assert!(sandbox.credential_files().is_empty());
    insist_on_quiet_console(&browser, &relay.url());
}

/// The page waits for the login, not only for the code: a token request that fails is no success.
#[test]
fn hostile_33_a_login_that_fails_after_the_callback_is_not_complete() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let (relay, browser) = (Relay::on_a_unix_socket(""), Chromium::start());
    let login = login(&sandbox, &provider, &relay);
    let address = login.login_address();
    // An answer that the provider never gave: the right state and issuer, and no code of its own.
    let state = address.query_pairs().find(|(name, _)| name == "state");
    let (_, state) = state.unwrap();
    let answer = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", "made-up")
        .append_pair("state", &state)
        .append_pair("iss", provider.issuer())
        .finish();
    browser.open(&relay.callback(&answer));
    browser.wait_for_heading("Authorization Failed");
    assert!(browser.text(".said").contains("refused it"));
    login.finish().ended_with(1);
    picture(&browser, "relay-login-failed");
    assert!(sandbox.credential_files().is_empty());
}
