//! The testkit's own pages, which `oarlock demo` shows, and ours when the server misbehaves.

use std::time::Duration;

use oarlock_testkit::{AuthorizationServer, Endpoint, Fault, Server};

use super::{insist_on_quiet_console, landing_of, picture};
use crate::{browser::Chromium, call::Running, provider::title_of, sandbox::Sandbox};

#[test]
fn a_person_chooses_a_name_and_allows() {
    let (sandbox, server) = (Sandbox::new(), server());
    let browser = Chromium::start();
    let login = start(&sandbox, &server);
    let address = login.login_address();
    browser.open(address.as_str());
    browser.wait_for_heading("Sign in");
    picture(&browser, "sign-in");
    insist_on_quiet_console(&browser, server.issuer());
    browser.click("input[value=bob]");
    browser.click("button[value=allow]");
    browser.wait_for_heading(&format!(
        "You are logged in to {}",
        title_of(server.issuer())
    ));
    // `form-action` lets the browser go where the answer goes, and nothing complains.
    insist_on_quiet_console(&browser, "http");
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as bob@example.com"), "{login:?}");
    assert!(server.takes_access_token(&sandbox.token()));
}

/// Somebody who cannot wait for the outcome presses the button again: the browser drops the first answer and brings a second.
#[test]
fn hostile_09_a_second_submit_while_the_login_is_finished_shows_the_same_outcome() {
    let (sandbox, server) = (Sandbox::new(), server());
    let browser = Chromium::start();
    server.set_faults(Fault::LateAnswer(Duration::from_secs(5)));
    let login = start(&sandbox, &server);
    browser.open(login.login_address().as_str());
    browser.wait_for_heading("Sign in");
    // The driver itself would wait for the page that the first press brings.
    browser.script(
        "const allow = document.querySelector('button[value=allow]'); allow.click(); setTimeout(() => allow.click(), 1500)",
    );
    browser.wait_for_heading(&format!(
        "You are logged in to {}",
        title_of(server.issuer())
    ));
    login.finish().ended_with(0);
    assert_eq!(
        server.count(Endpoint::Authorize),
        3,
        "the page, and two presses"
    );
    assert_eq!(server.count(Endpoint::Token), 1, "the code was sent once");
}

#[test]
fn hostile_33_a_login_that_fails_after_the_answer_is_not_shown_as_done() {
    let (sandbox, server) = (Sandbox::new(), server());
    let browser = Chromium::start();
    server.set_faults(Fault::BadSignature);
    let login = start(&sandbox, &server);
    let address = login.login_address();
    browser.open(address.as_str());
    browser.click("button[value=allow]");
    browser.wait_for_heading("The login failed");
    assert!(browser.text(".next").contains("You are not logged in"));
    login.finish().ended_with(1);
    picture(&browser, "failed");
    insist_on_quiet_console(&browser, landing_of(&address).as_str());
    assert!(sandbox.credential_files().is_empty());
}

#[test]
fn a_person_types_the_code_of_a_device() {
    let (sandbox, browser) = (Sandbox::new(), Chromium::start());
    let server = AuthorizationServer::builder().device_interval(Duration::from_secs(1));
    let server = server.start_blocking().unwrap();
    let login = sandbox
        .oarlock(["login", server.issuer(), "--flow", "device", "--no-browser"])
        .spawn();
    let address = login.login_address();
    let (_, code) = address
        .query_pairs()
        .find(|(name, _)| name == "user_code")
        .unwrap();
    browser.open(server.at("/device").as_str());
    browser.wait_for_heading("Connect a device");
    picture(&browser, "device-code");
    browser.type_into("input[name=user_code]", &code.to_lowercase());
    browser.click("button");
    assert_eq!(browser.text("p.code"), code);
    picture(&browser, "device-sign-in");
    browser.click("button[value=allow]");
    browser.wait_for_heading("Device connected");
    picture(&browser, "device-connected");
    insist_on_quiet_console(&browser, server.issuer());
    login.finish().ended_with(0);
}

fn server() -> Server {
    AuthorizationServer::builder().start_blocking().unwrap()
}

fn start(sandbox: &Sandbox, server: &Server) -> Running {
    sandbox
        .oarlock([
            "login",
            server.issuer(),
            "--flow",
            "loopback",
            "--no-browser",
        ])
        .spawn()
}
