//! A person sees who acts for them, and ends it.

use serde_json::Value;

use super::{
    insist_on_quiet_console, look,
    program::{BACK, Program},
    server::Broker,
};
use crate::browser::Chromium;

/// What a program gets for its refresh token.
fn refreshed(broker: &Broker, client: &str, tokens: &Value) -> u16 {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", client),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    broker.post("/token", &form).status().as_u16()
}

#[test]
fn a_person_ends_one_program_then_signs_out() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    browser.open(&broker.at("/sessions"));
    browser.wait_for_heading("Sign in to see your sessions");
    look(&browser, "sign-in-sessions");
    browser.click("button[value=dev]");
    browser.click("button[value=ada]");
    browser.wait_for_heading("Your sessions");
    look(&browser, "sessions-one");

    let log_in = |client: &'static str| {
        let program = Program::listen(client);
        browser.open(&program.asks(&broker, "openid offline_access deploy"));
        browser.click("button[name=continue]");
        if client == "printer" {
            browser.click("button[value=allow]");
        }
        browser.wait_for_heading(BACK);
        program.is_logged_in(&broker)
    };
    let (tool, printer) = (log_in("mytool"), log_in("printer"));
    browser.open(&broker.at("/sessions"));
    browser.wait_for_heading("Your sessions");
    look(&browser, "sessions");
    browser.double_click("li:nth-child(2) button");
    browser.text("[role=status]");
    browser.wait_for_heading("Your sessions");
    look(&browser, "sessions-revoked");
    browser.wait_for("what is written of it", || {
        // Two presses end one.
        (broker.audited("session_revoked") == 1).then_some(())
    });
    let left = browser
        .script("return [...document.querySelectorAll('li h2 bdi')].map(it => it.innerText)");
    let is_left = |name: &str| left.as_array().unwrap().iter().any(|it| it == name);
    assert_ne!(is_left("My tool"), is_left("Photo Printer"), "{left}");
    let status = |is_left| if is_left { 200 } else { 400 };
    assert_eq!(
        refreshed(&broker, "mytool", &tool),
        status(is_left("My tool"))
    );
    assert_eq!(
        refreshed(&broker, "printer", &printer),
        status(is_left("Photo Printer"))
    );

    browser.click("button[name=sign_out]");
    browser.wait_for_heading("You are signed out");
    look(&browser, "signed-out");
    // What was there is not to be seen by whoever comes next.
    browser.back();
    browser.wait_for_heading("Sign in to see your sessions");
    insist_on_quiet_console(&browser, "");
}
