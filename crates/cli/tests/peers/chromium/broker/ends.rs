//! Where a login can end, other than well.

use super::{insist_on_quiet_console, look, program, server::Broker};
use crate::{browser::Chromium, http_client::send, provider::OidcProvider};

/// The login URL of a program of the older face.
fn pairing(broker: &Broker) -> String {
    let address = broker.at("/cli_login?paircode=a-paircode-of-more-than-22-characters");
    let answer = send(http::Request::get(address).body(Vec::new()).unwrap());
    String::from_utf8(answer.into_body()).unwrap()
}

/// A program's own scheme: nothing here answers to it, so the page that leads there stays.
#[test]
fn an_application_gets_its_answer_by_its_scheme() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let redirect_uri = "com.example.notes:/callback";
    browser.open(&program::request(&broker, "app", redirect_uri, "openid"));
    browser.click("button[value=dev]");
    browser.click("button[value=ada]");
    browser.wait_for_heading("One moment");
    look(&browser, "leave");
    let link = browser.script("return document.querySelector('main a').href");
    let link = link.as_str().unwrap();
    assert!(
        link.starts_with("com.example.notes:/callback?code="),
        "{link}"
    );
    assert!(link.contains("state=state-4711"), "{link}");
    insist_on_quiet_console(&browser, broker.url());
}

#[test]
fn a_program_without_a_name_signs_in_and_its_link_is_used_up() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let address = pairing(&broker);
    browser.open(&address);
    browser.wait_for_heading("A program in a terminal asks you to sign in");
    look(&browser, "sign-in-pairing");
    browser.click("button[name=cancel]");
    browser.wait_for_heading("Nothing was allowed");
    browser.open(&address);
    browser.click("button[value=dev]");
    browser.click("button[value=ada]");
    browser.wait_for_heading("You are signed in");
    browser.open(&broker.at("/login?request=made-up"));
    browser.wait_for_heading("This login is over");
    look(&browser, "expired");
    insist_on_quiet_console(&browser, "");
}

#[test]
fn a_provider_that_is_away_or_says_no_is_told_of() {
    let provider = OidcProvider::start(&serde_json::json!({}));
    let broker = Broker::with_company(provider.issuer());
    let browser = Chromium::start();
    browser.open(&pairing(&broker));
    browser.click("button[value=company]");
    browser.click("#login-form #deny");
    browser.wait_for_heading("Your provider said no");
    look(&browser, "provider-denied");
    drop(provider);
    let gone = Broker::with_company("http://127.0.0.1:9");
    browser.open(&pairing(&gone));
    browser.click("button[value=company]");
    browser.wait_for_heading("Your provider does not answer");
    look(&browser, "provider-unavailable");
    insist_on_quiet_console(&browser, "");
}

#[test]
fn a_request_that_cannot_be_trusted_goes_nowhere() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    browser.open(&broker.at("/"));
    browser.wait_for_heading("Programs sign in here");
    look(&browser, "front");
    let elsewhere = "https://evil.example/callback";
    browser.open(&program::request(&broker, "mytool", elsewhere, "openid"));
    browser.wait_for_heading("This cannot be done");
    assert!(browser.address().starts_with(broker.url()));
    look(&browser, "bad-request");
    // Cookies belong to a name: the other one of this computer leads to ours.
    let other = broker.at("/device").replace("127.0.0.1", "localhost");
    browser.open(&other);
    browser.wait_for_heading("Enter the code");
    assert_eq!(browser.address(), broker.at("/device"));
    insist_on_quiet_console(&browser, "");
}
