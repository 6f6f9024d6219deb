//! A broker at a public name, with TLS of its own: there its cookies are bound to the host.

use http::{Request, header};
use serde_json::{Value, json};

use super::{
    insist_on_quiet_console,
    program::{BACK, Program},
    server::{Broker, NAME},
};
use crate::{
    browser::Chromium,
    http_client::{json as body_of, send},
    provider::OidcProvider,
};

/// A client of the provider's whose redirect URI is the broker's: id and secret.
fn registered(provider: &OidcProvider) -> (String, String) {
    let client = json!({
        "client_name": "Oarlock broker",
        "redirect_uris": [format!("https://{NAME}/redirect")],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    });
    let request =
        Request::post(provider.at("/reg")).header(header::CONTENT_TYPE, "application/json");
    let answer = send(request.body(client.to_string().into_bytes()).unwrap());
    assert_eq!(answer.status(), 201, "{:?}", body_of(&answer));
    let text = |name: &str| body_of(&answer)[name].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

#[test]
fn hostile_22_a_login_at_a_public_name_has_cookies_of_that_host_alone() {
    let provider = OidcProvider::start(&json!({}));
    let (id, secret) = registered(&provider);
    let broker = Broker::at_a_public_name(provider.issuer(), &id, &secret);
    let rules = format!("--host-resolver-rules=MAP {NAME} {}", broker.listens());
    let browser = Chromium::start_with(&[&rules, "--ignore-certificate-errors"]);
    let program = Program::listen("mytool");
    browser.open(&program.asks(&broker, "openid email"));
    browser.wait_for_heading("My tool asks you to sign in");
    browser.click("button[value=company]");
    browser.type_into("#login-form #login", "ada");
    browser.click("#login-form #submit");
    browser.click("#consent-form #submit");
    browser.wait_for_heading(BACK);
    let answer = program.answer();
    assert_eq!(answer.get("iss").unwrap(), format!("https://{NAME}"));
    assert!(answer.get("code").is_some(), "{answer:?}");

    browser.open(&broker.at("/sessions"));
    browser.wait_for_heading("Your sessions");
    let cookies = browser.cookies();
    let mut names: Vec<_> = cookies.iter().map(|cookie| &cookie["name"]).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["__Host-oarlock-browser", "__Host-oarlock-session"]);
    for cookie in &cookies {
        let is = |attribute: &str| cookie[attribute].clone();
        assert_eq!(is("domain"), NAME, "{cookie}");
        assert_eq!((is("path"), is("sameSite")), ("/".into(), "Lax".into()));
        assert_eq!((is("secure"), is("httpOnly")), (true.into(), true.into()));
    }
    let seen = browser.script("return document.cookie");
    assert_eq!(seen, Value::from(""), "no script would see them");
    insist_on_quiet_console(&browser, broker.url());
}
