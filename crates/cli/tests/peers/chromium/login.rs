//! A login at the certified provider, as a person does it.

use serde_json::json;

use super::{handed_over, handover, insist_on_quiet_console, landing_of, picture};
use crate::{
    browser::Chromium,
    provider::{OidcProvider, title_of},
    sandbox::{CLIENT, Sandbox},
};

#[test]
fn a_person_logs_in_and_the_page_says_so() {
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
    assert!(browser.text("#consent-form").contains("Allow"));
    browser.click("#consent-form #submit");

    let name = title_of(provider.issuer());
    browser.wait_for_heading(&format!("You are logged in to {name}"));
    assert_eq!(browser.title(), format!("Logged in to {name}"));
    assert!(browser.text(".next").contains("You can close this window"));
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as ada@example.test"), "{login:?}");

    picture(&browser, "logged-in");
    insist_on_quiet_console(&browser, landing_of(&address).as_str());
    assert_eq!(provider.userinfo(&sandbox.token()).body["sub"], "ada");
}

#[test]
fn the_browser_that_was_named_gets_the_address_and_a_second_login_asks_for_consent_only() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let browser = Chromium::start();
    let (command, file) = handover(&sandbox);
    for time in ["first", "second"] {
        let arguments = ["login", provider.issuer(), "--browser", &command];
        let login = sandbox.oarlock(arguments).spawn();
        let address = handed_over(&browser, &file);
        assert_eq!(address, login.login_address().as_str());
        std::fs::remove_file(&file).unwrap();
        browser.open(&address);
        if time == "first" {
            browser.type_into("#login-form #login", "ada");
            browser.click("#login-form #submit");
        }
        browser.click("#consent-form #submit");
        login.finish().ended_with(0);
    }
    assert_eq!(provider.count("registration 201"), 1);
}

#[test]
fn hostile_09_an_answer_of_nobody_changes_nothing_and_reload_and_back_show_the_same() {
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
    let landing = landing_of(&address);
    let foreign = "This is not the answer the program waits for";

    browser.open(&format!("{landing}?code=guess&state=wrong"));
    browser.wait_for_heading(foreign);
    assert!(browser.text(".next").contains("the login goes on"));
    picture(&browser, "foreign");
    browser.reload();
    browser.wait_for_heading(foreign);
    browser.open(landing.join("/elsewhere").unwrap().as_str());
    browser.wait_for_heading("There is nothing here");
    browser.back();
    browser.wait_for_heading(foreign);
    insist_on_quiet_console(&browser, landing.as_str());

    browser.open(address.as_str());
    browser.type_into("#login-form #login", "ada");
    browser.click("#login-form #submit");
    browser.click("#consent-form #submit");
    browser.wait_for_heading(&format!(
        "You are logged in to {}",
        title_of(provider.issuer())
    ));
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("its state differs"), "{login:?}");
    assert_eq!(provider.count("token authorization_code 200"), 1);
    assert_eq!(
        provider.count("token authorization_code 400"),
        0,
        "the guess was sent to nobody"
    );
}
