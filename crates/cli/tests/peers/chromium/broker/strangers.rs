//! Other people's pages that send a browser's forms to the broker.

use super::{insist_on_quiet_console, look, program::Program, server::Broker};
use crate::{browser::Chromium, chromium::prefetch::site_elsewhere};

const FORGED: &str = "This page is out of date";

/// Insists that a site's form, with everything that a form of ours has, does nothing.
#[track_caller]
fn is_refused(browser: &Chromium, broker: &Broker, fields: &str, head: &str, is_near: bool) {
    let page = format!(
        "<!doctype html><title>Elsewhere</title>{head}<h1>Elsewhere</h1><form method=post action=\"{}\">{fields}<button name=upstream value=dev>on</button></form>",
        broker.at("/login")
    );
    let site = site_elsewhere(page);
    // As browsers see it, only another port is the same site: there our cookies go along.
    let site = if is_near {
        site.replace("localhost", "127.0.0.1")
    } else {
        site
    };
    browser.open(&site);
    browser.wait_for_heading("Elsewhere");
    browser.click("button");
    if is_near {
        browser.wait_for_heading(FORGED);
    } else {
        browser.wait_for("a refusal", || {
            let heading = browser.text("h1");
            (heading == FORGED || heading == "Your browser sends no cookies").then_some(())
        });
    }
}

#[test]
fn hostile_17_forms_of_other_sites_do_nothing_even_with_our_own_fields() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let program = Program::listen("mytool");
    browser.open(&program.asks(&broker, "openid"));
    browser.wait_for_heading("My tool asks you to sign in");
    let fields = browser.script(
        "return [...document.querySelectorAll('input[type=hidden]')].map(it => it.outerHTML).join('')",
    );
    let fields = fields.as_str().unwrap();
    assert!(fields.contains("form_token") && fields.contains("request"));
    let silent = "<meta name=referrer content=no-referrer>";
    is_refused(&browser, &broker, fields, "", true);
    look(&browser, "forged");
    // `Origin: null`
    is_refused(&browser, &broker, fields, silent, true);
    is_refused(&browser, &broker, fields, "", false);
    is_refused(&browser, &broker, fields, silent, false);
    program.hears_no_more();
    insist_on_quiet_console(&browser, broker.url());
}

/// They need not be strangers: a page that was open too long, a browser that keeps no cookies.
#[test]
fn a_form_that_is_not_of_this_browser_does_nothing() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let program = Program::listen("mytool");
    browser.open(&program.asks(&broker, "openid"));
    browser.wait_for_heading("My tool asks you to sign in");
    browser.forget_cookies();
    browser.click("button[value=dev]");
    browser.wait_for_heading("Your browser sends no cookies");
    look(&browser, "no-cookies");

    // Another browser's cookie came meanwhile.
    browser.open(&program.asks(&broker, "openid"));
    browser.wait_for_heading("My tool asks you to sign in");
    browser.script("document.querySelector('[name=form_token]').value = 'another'");
    browser.click("button[value=dev]");
    browser.wait_for_heading(FORGED);

    // Back, as the page says, and on.
    browser.back();
    browser.wait_for_heading("My tool asks you to sign in");
    browser.reload();
    browser.wait_for_heading("My tool asks you to sign in");
    browser.click("button[value=dev]");
    browser.click("button[value=ada]");
    program.is_logged_in(&broker);
    insist_on_quiet_console(&browser, broker.url());
}
