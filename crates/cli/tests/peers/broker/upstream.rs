//! A certified OpenID provider knows the people: what of them arrives, and what becomes of a no.

use serde_json::{Value, json};

use super::{
    Broker, COMPANY,
    person::{Page, Person},
};
use crate::{
    call::Running,
    provider::OidcProvider,
    sandbox::{Sandbox, fake_browser},
};

/// Somebody at a terminal logs in through both servers.
#[track_caller]
pub(super) fn log_in(sandbox: &Sandbox, broker: &Broker, who: &str) {
    let browser = fake_browser(&format!("--user {who}"));
    let login = ["login", &broker.url(), "--browser", &browser];
    sandbox.run(login).ended_with(0);
}

/// What the broker's userinfo says to whoever is logged in.
#[track_caller]
pub(super) fn userinfo(sandbox: &Sandbox, broker: &Broker) -> Value {
    let request = ["request", &broker.at("/userinfo")];
    sandbox.run(request).ended_with(0).json()
}

/// A login that waits for its browser.
pub(super) fn waiting(sandbox: &Sandbox, broker: &Broker) -> Running {
    let login = ["login", &broker.url(), "--flow", "loopback", "--no-browser"];
    sandbox.oarlock(login).spawn()
}

/// From the broker's sign-in page to the provider's.
pub(super) fn to_the_provider(
    person: &mut Person,
    login: &Running,
    provider: &OidcProvider,
) -> Page {
    let page = person.open(&login.login_address());
    assert_eq!(page.status, 200, "{}", page.html);
    let page = person.press(&page, COMPANY);
    assert!(
        page.url.as_str().starts_with(provider.issuer()),
        "{}",
        page.url
    );
    page
}

/// Signs in there, and agrees: where the provider sends the browser.
pub(super) fn sign_in(person: &mut Person, page: &Page) -> Page {
    let page = person.fill(page, &[("login", "ada")], "allow");
    person.press(&page, "allow")
}

#[test]
fn who_signs_in_arrives_with_name_and_email_and_is_the_same_user_next_time() {
    let provider = OidcProvider::start(&json!({}));
    let broker = Broker::before(&provider, "", "");
    let (laptop, server) = (Sandbox::new(), Sandbox::new());
    log_in(&laptop, &broker, "ada");
    let who = userinfo(&laptop, &broker);
    let users = broker.users();
    assert_eq!(users.len(), 1, "{users:?}");
    let ada = &users[0];
    for (member, expected) in [
        ("provider", COMPANY),
        ("subject", "ada"),
        ("name", "Ada Example"),
        ("username", "ada"),
        ("email", "ada@example.test"),
    ] {
        assert_eq!(ada[member], expected);
    }
    assert_eq!(ada["email_verified"], true);
    // To programs the subject is ours, not the provider's.
    assert_eq!(who["sub"], ada["id"]);
    assert_eq!(who["email"], "ada@example.test");

    log_in(&server, &broker, "ada");
    assert_eq!(userinfo(&server, &broker)["sub"], ada["id"]);
    assert_eq!(broker.users().len(), 1, "the same person");
    assert_eq!(broker.sessions_of_programs().len(), 2);
    log_in(&server, &broker, "grace");
    assert_eq!(userinfo(&server, &broker)["email"], "grace@example.test");
    assert_eq!(broker.users().len(), 2);
    assert_eq!(
        userinfo(&laptop, &broker)["sub"],
        ada["id"],
        "and she stays who she is"
    );
}

/// The provider's keys are fetched and its ID tokens checked; the program's are the broker's own.
#[test]
fn people_come_with_id_tokens_of_every_algorithm() {
    for algorithm in ["PS256", "ES256", "EdDSA"] {
        let provider = OidcProvider::start(&json!({ "id_token_alg": algorithm }));
        let broker = Broker::before(&provider, "", "");
        let sandbox = Sandbox::new();
        log_in(&sandbox, &broker, "ada");
        assert_eq!(provider.count("jwks 200"), 1, "{algorithm}");
        assert_eq!(userinfo(&sandbox, &broker)["email"], "ada@example.test");
    }
}

#[test]
fn the_providers_tokens_are_not_the_programs() {
    let provider = OidcProvider::start(&json!({}));
    let broker = Broker::before(&provider, "", "");
    let sandbox = Sandbox::new();
    log_in(&sandbox, &broker, "ada");
    assert_eq!(provider.userinfo(&sandbox.token()).status, 401);
    assert_eq!(provider.count("token authorization_code 200"), 1);
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
    assert_eq!(provider.count("token refresh_token 200"), 0);
}

#[test]
fn hostile_23_nothing_that_redeems_anything_is_in_the_log() {
    let provider = OidcProvider::start(&json!({}));
    let broker = Broker::before(&provider, "", "");
    let (sandbox, mut person) = (Sandbox::new(), Person::default());
    let login = waiting(&sandbox, &broker);
    let address = login.login_address();
    let callback = parameter(&address, "redirect_uri");
    let mut secrets = vec![parameter(&address, "state"), parameter(&address, "nonce")];
    let page = to_the_provider(&mut person, &login, &provider);
    let mut trail = page.trail.iter();
    let asked = trail.find(|url| url.path() == "/auth").unwrap();
    secrets.extend(["state", "nonce"].map(|name| parameter(asked, name)));
    person.end_at(&broker.at("/redirect"));
    let back = sign_in(&mut person, &page);
    secrets.push(parameter(&back.url, "code"));
    person.end_at(&callback);
    let code = person.open(&back.url);
    secrets.push(parameter(&code.url, "code"));
    person.open(&code.url);
    login.finish().ended_with(0);
    userinfo(&sandbox, &broker);
    for name in ["access_token", "refresh_token", "id_token"] {
        secrets.push(sandbox.secret(name));
    }
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
    secrets.push(sandbox.secret("refresh_token"));
    let cookies = person.cookies(&back.url);
    let values = cookies.split("; ").filter_map(|pair| pair.split_once('='));
    secrets.extend(values.map(|(_, value)| value.to_owned()));
    assert!(secrets.len() > 10 && secrets.iter().all(|secret| secret.len() > 20));
    let said = broker.stop();
    assert!(said.stderr.contains("DEBUG"), "{said:?}");
    for secret in secrets {
        said.keeps_secret(&secret);
    }
}

/// A parameter of an address.
fn parameter(address: &url::Url, name: &str) -> String {
    let mut query = address.query_pairs();
    let found = query.find(|(known, _)| known == name);
    found
        .unwrap_or_else(|| panic!("{address} has no {name}"))
        .1
        .into_owned()
}

#[test]
fn a_person_whom_the_configuration_does_not_name_is_refused_and_the_program_hears_it() {
    let provider = OidcProvider::start(&json!({}));
    let broker = Broker::before(&provider, "allow = [\"grace@example.test\"]", "");
    let sandbox = Sandbox::new();
    let browser = fake_browser("--user ada");
    let login = ["login", &broker.url(), "--browser", &browser];
    let login = sandbox.run(login).ended_with(5);
    assert!(
        login.stderr.contains("this account may not sign in here"),
        "{login:?}"
    );
    log_in(&sandbox, &broker, "grace");
    assert_eq!(broker.users().len(), 1, "nobody is kept who was not let in");
}

#[test]
fn a_no_at_the_provider_reaches_the_program() {
    let provider = OidcProvider::start(&json!({}));
    let broker = Broker::before(&provider, "", "");
    let (sandbox, mut person) = (Sandbox::new(), Person::default());
    let login = waiting(&sandbox, &broker);
    let page = to_the_provider(&mut person, &login, &provider);
    let page = person.press(&page, "deny");
    // The program's own page, to which both servers have sent the browser on.
    assert!(page.url.path().ends_with("/callback"), "{}", page.url);
    let login = login.finish().ended_with(5);
    assert!(
        login
            .stderr
            .contains("access_denied: the provider denied access"),
        "{login:?}"
    );
    assert!(sandbox.credential_files().is_empty());
    assert!(broker.users().is_empty() && broker.sessions_of_programs().is_empty());
}
