//! Saying no.

use oarlock_testkit::{AuthorizationServer, Fault};
use serde_json::json;

use super::{insist_on_quiet_console, landing_of, picture};
use crate::{
    browser::Chromium,
    provider::OidcProvider,
    sandbox::{CLIENT, Sandbox},
};

#[test]
fn a_consent_that_is_denied_is_shown_as_such() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let browser = Chromium::start();
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--flow",
        "loopback",
        "--no-browser",
    ];
    let login = sandbox.oarlock(arguments).spawn();
    let address = login.login_address();
    browser.open(address.as_str());
    browser.type_into("#login-form #login", "ada");
    browser.click("#login-form #submit");
    browser.click("#consent-form #deny");

    browser.wait_for_heading("Access was denied");
    assert!(
        browser
            .text(".reason")
            .ends_with("says: the person said no")
    );
    login.finish().ended_with(5);
    picture(&browser, "denied");
    insist_on_quiet_console(&browser, landing_of(&address).as_str());
    assert!(sandbox.credential_files().is_empty());
}

#[test]
fn hostile_06_what_a_provider_writes_is_inert_in_the_browser() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder().faults(Fault::HostileErrorDescription);
    let server = server.start_blocking().unwrap();
    let browser = Chromium::start();
    let login = sandbox
        .oarlock([
            "login",
            server.issuer(),
            "--flow",
            "loopback",
            "--no-browser",
        ])
        .spawn();
    let address = login.login_address();
    browser.open(address.as_str());
    browser.click("button[value=deny]");
    browser.wait_for_heading("Access was denied");
    let reason = browser.text(".reason");
    assert!(
        reason.contains("<script>alert(1)</script>&\"'"),
        "it is text: {reason:?}"
    );
    assert!(!reason.contains(['\u{1b}', '\u{202e}']), "{reason:?}");
    assert_eq!(browser.script("return document.scripts.length"), 0);
    login.finish().ended_with(5);
    picture(&browser, "denied-hostile");
    insist_on_quiet_console(&browser, landing_of(&address).as_str());
}
