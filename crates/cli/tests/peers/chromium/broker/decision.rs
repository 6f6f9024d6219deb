//! Saying yes or no, and saying it twice.

use super::{
    back_to, insist_on_quiet_console, look,
    program::{BACK, Program},
    server::Broker,
};
use crate::browser::Chromium;

/// Up to the consent page of a program that the operator does not answer for.
fn asked(broker: &Broker, browser: &Chromium, program: &Program) {
    browser.open(&program.asks(broker, "openid email deploy logs:read"));
    browser.click("button[value=dev]");
    browser.click("button[value=ada]");
    browser.wait_for_heading("Allow Photo Printer to act for you?");
}

#[test]
fn a_yes_is_remembered_and_a_no_is_told() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let program = Program::listen("printer");
    asked(&broker, &browser, &program);
    look(&browser, "consent");
    browser.click("button[value=deny]");
    browser.wait_for_heading(BACK);
    program.is_denied(&broker);

    asked(&broker, &browser, &program);
    browser.click("button[value=allow]");
    browser.wait_for_heading(BACK);
    program.is_logged_in(&broker);

    // Less was agreed to already.
    browser.open(&program.asks(&broker, "openid deploy"));
    browser.click("button[name=continue]");
    browser.wait_for_heading(BACK);
    program.is_logged_in(&broker);
    insist_on_quiet_console(&browser, "");
}

#[test]
fn cancel_on_the_sign_in_page_is_told_too() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let program = Program::listen("printer");
    browser.open(&program.asks(&broker, "openid"));
    browser.click("button[name=cancel]");
    browser.wait_for_heading(BACK);
    program.is_denied(&broker);
    assert_eq!(broker.audited("signed_in"), 0);
    insist_on_quiet_console(&browser, "");
}

#[test]
fn hostile_09_two_presses_have_one_effect_and_behind_the_end_is_the_end() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let program = Program::listen("printer");
    browser.open(&program.asks(&broker, "openid"));
    browser.double_click("button[value=dev]");
    browser.wait_for_heading("Who are you?");
    browser.double_click("button[value=ada]");
    browser.wait_for_heading("Allow Photo Printer to act for you?");
    browser.double_click("button[value=allow]");
    browser.wait_for_heading(BACK);
    program.is_logged_in(&broker);
    browser.wait_for("what is written of it", || {
        (broker.audited("granted") == 1).then_some(())
    });
    assert_eq!(broker.audited("first_signed_in"), 1);
    assert_eq!(broker.audited("signed_in"), 0);

    // Browsers keep a page as it was, even one that is not to be stored; then its button leads to the end.
    back_to(&browser, "/consent?login=");
    browser.reload();
    browser.wait_for_heading("You are signed in");
    look(&browser, "done");
    program.hears_no_more();
    assert_eq!(broker.audited("granted"), 1);
    insist_on_quiet_console(&browser, "");
}

#[test]
fn hostile_09_a_no_that_is_pressed_twice_is_told_once_more_and_stays_a_no() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let program = Program::listen("printer");
    asked(&broker, &browser, &program);
    browser.double_click("button[value=deny]");
    browser.wait_for_heading(BACK);
    program.is_denied(&broker);
    back_to(&browser, "/consent?login=");
    browser.wait_for("the end", || {
        let title = browser.title();
        if title.starts_with("Allow access?") {
            browser.click("button[value=allow]");
        }
        title.starts_with("Nothing was allowed").then_some(())
    });
    look(&browser, "denied");
    program.hears_no_more();
    assert_eq!(broker.audited("denied"), 1);
    assert_eq!(broker.audited("granted"), 0);
    insist_on_quiet_console(&browser, "");
}
