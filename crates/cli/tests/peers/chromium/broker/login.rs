//! The whole login, from the program and back to it.

use serde_json::json;

use super::{
    insist_on_quiet_console, look,
    program::{BACK, Program},
    server::Broker,
};
use crate::{
    browser::Chromium,
    chromium::{handed_over, handover},
    provider::OidcProvider,
    sandbox::Sandbox,
};

#[test]
fn a_person_signs_in_and_the_program_has_its_code() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let program = Program::listen("mytool");
    browser.open(&program.asks(&broker, "openid email offline_access deploy"));
    browser.wait_for_heading("My tool asks you to sign in");
    look(&browser, "sign-in");
    browser.click("button[value=dev]");
    browser.wait_for_heading("Who are you?");
    look(&browser, "dev");
    browser.click("button[value=ada]");
    browser.wait_for_heading(BACK);
    program.is_logged_in(&broker);

    // Known now, in this browser: one button is enough.
    browser.open(&program.asks(&broker, "openid"));
    let again = browser.text("button[name=continue]");
    assert!(again.contains("ada@example.com"), "{again}");
    look(&browser, "sign-in-again");
    browser.click("button[name=continue]");
    browser.wait_for_heading(BACK);
    program.is_logged_in(&broker);
    insist_on_quiet_console(&browser, "");
}

/// The pages need no script, so nothing is lost where there is none.
#[test]
fn the_whole_login_works_without_scripts() {
    let broker = Broker::start();
    let browser = Chromium::start_with(&["--blink-settings=scriptEnabled=false"]);
    browser.open("data:text/html,<noscript><h1>None run</h1></noscript>");
    assert_eq!(browser.text("h1"), "None run");
    let program = Program::listen("printer");
    browser.open(&program.asks(&broker, "openid"));
    browser.click("button[value=dev]");
    browser.click("button[value=grace]");
    browser.click("button[value=allow]");
    program.is_logged_in(&broker);
    assert_eq!(browser.text("h1"), BACK);
    insist_on_quiet_console(&browser, "");
}

/// A provider that is certified and not ours, beside another.
#[test]
fn of_two_providers_a_person_takes_one_and_comes_back_from_it() {
    let provider = OidcProvider::start(&json!({}));
    let broker = Broker::with_company(provider.issuer());
    let browser = Chromium::start();
    let program = Program::listen("mytool");
    browser.open(&program.asks(&broker, "openid email"));
    browser.wait_for_heading("My tool asks you to sign in");
    look(&browser, "sign-in-two-providers");
    browser.click("button[value=company]");
    browser.type_into("#login-form #login", "ada");
    browser.click("#login-form #submit");
    browser.click("#consent-form #submit");
    browser.wait_for_heading(BACK);
    let tokens = program.is_logged_in(&broker);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(broker.userinfo(token)["email"], "ada@example.test");
    insist_on_quiet_console(&browser, broker.url());

    // Its no is the program's.
    browser.open(&program.asks(&broker, "openid email"));
    browser.click("button[value=company]");
    browser.click("#consent-form #deny");
    browser.wait_for_heading(BACK);
    program.is_denied(&broker);
}

#[test]
fn oarlock_logs_in_with_the_browser_that_was_named() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let sandbox = Sandbox::new();
    let (command, file) = handover(&sandbox);
    let login = sandbox
        .oarlock(["login", broker.url(), "--browser", &command])
        .spawn();
    browser.open(&handed_over(&browser, &file));
    browser.wait_for_heading("Oarlock asks you to sign in");
    let code = browser.text(".code");
    assert!(code.len() == 9, "{code}");
    look(&browser, "sign-in-oarlock");
    login.told(|line| line.contains(&code).then_some(()));
    browser.click("button[value=dev]");
    browser.click("button[value=grace]");
    let name = broker.url().strip_prefix("http://").unwrap();
    browser.wait_for_heading(&format!("You are logged in to {name}"));
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as grace@example.com"), "{login:?}");
    assert_eq!(
        broker.userinfo(&sandbox.token())["email"],
        "grace@example.com"
    );
    insist_on_quiet_console(&browser, broker.url());
}

/// Where no browser is: the code is carried by hand.
#[test]
fn a_person_copies_the_code_into_a_terminal_elsewhere() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let sandbox = Sandbox::new();
    let mut login = sandbox
        .oarlock(["login", broker.url(), "--flow", "paste", "--no-browser"])
        .spawn_with_input();
    browser.open(login.login_address().as_str());
    browser.click("button[value=dev]");
    browser.click("button[value=ada]");
    browser.wait_for_heading("Copy this code");
    look(&browser, "code");
    let code = browser.script("return document.querySelector('#code').value");
    login.type_line(code.as_str().unwrap());
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as ada@example.com"), "{login:?}");
    insist_on_quiet_console(&browser, broker.url());
}
