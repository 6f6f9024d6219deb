//! A device's code, typed by a person who has a keyboard alone.

use super::{ENTER, TAB, back_to, insist_on_quiet_console, look, server::Broker};
use crate::{browser::Chromium, call::Running, sandbox::Sandbox};

/// `oarlock login` where no browser is, and the code that it shows.
fn device(sandbox: &Sandbox, broker: &Broker) -> (Running, String) {
    let login = sandbox
        .oarlock(["login", broker.url(), "--flow", "device", "--no-browser"])
        .spawn();
    let is_word = |word: &str| word.len() == 4 && word.chars().all(|c| c.is_ascii_uppercase());
    let code = login.told(|line| {
        let (left, right) = line.trim().split_once('-')?;
        (is_word(left) && is_word(right)).then(|| line.trim().to_owned())
    });
    (login, code)
}

/// Steps on with the keyboard to where this is the button that would be pressed, and presses it.
#[track_caller]
fn press(browser: &Chromium, button: &str) {
    browser.press(TAB);
    let focus = "
        const it = document.activeElement;
        return it.innerText.replace(/\\s+/g, ' ') + ', ' + it.matches(':focus-visible') + ', ' + getComputedStyle(it).outlineStyle";
    assert_eq!(browser.script(focus), format!("{button}, true, solid"));
    browser.press(ENTER);
}

#[test]
fn a_person_types_the_code_and_never_touches_a_mouse() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let sandbox = Sandbox::new();
    let (login, code) = device(&sandbox, &broker);
    browser.open(&broker.at("/device"));
    browser.wait_for_heading("Enter the code");
    look(&browser, "device");
    browser.press("BCDF-GHJK");
    browser.press(ENTER);
    let problem = browser.text("[role=alert]");
    assert!(
        problem.starts_with("Nothing waits for this code."),
        "{problem}"
    );
    look(&browser, "device-wrong");
    // Wiped, then as people type it.
    browser.press(&"\u{e017}\u{e003}".repeat(9));
    browser.press(&code.to_lowercase().replace('-', " "));
    browser.press(ENTER);
    browser.wait_for_heading("Oarlock asks you to sign in");
    assert_eq!(browser.text("p.code"), code);
    press(&browser, "Continue with Test users");
    browser.wait_for_heading("Who are you?");
    press(&browser, "ada@example.com ada");
    browser.wait_for_heading("Allow Oarlock to act for you?");
    assert_eq!(browser.text("p.code"), code);
    look(&browser, "consent-device");
    press(&browser, "Allow");
    browser.wait_for_heading("You are signed in");
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as ada@example.com"), "{login:?}");
    back_to(&browser, "/consent?login=");
    browser.reload();
    browser.wait_for_heading("You are signed in");
    insist_on_quiet_console(&browser, "");
}

/// The link of a QR code fills the field; a person still presses the button.
#[test]
fn a_link_fills_the_field_and_a_device_hears_of_a_no() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    let sandbox = Sandbox::new();
    let (login, code) = device(&sandbox, &broker);
    browser.open(&broker.at(&format!("/device?user_code={code}")));
    browser.wait_for_heading("Is this the code on your device?");
    look(&browser, "device-prefilled");
    browser.click("button");
    browser.click("button[value=dev]");
    browser.click("button[value=ada]");
    browser.click("button[value=deny]");
    browser.wait_for_heading("Nothing was allowed");
    login.finish().ended_with(5);
    insist_on_quiet_console(&browser, "");
}

#[test]
fn hostile_10_after_five_wrong_codes_a_person_has_to_wait() {
    let (broker, browser) = (Broker::start(), Chromium::start());
    browser.open(&broker.at("/device"));
    for letters in ["BBBB", "CCCC", "DDDD", "FFFF", "GGGG", "HHHH"] {
        browser.wait_for_heading("Enter the code");
        browser.script("window.old = true; document.querySelector('#user_code').value = ''");
        browser.type_into("#user_code", &format!("{letters}-{letters}"));
        browser.click("button");
        browser.wait_for("the answer", || {
            let is_new = browser.script("return !window.old && document.readyState === 'complete'");
            (is_new == true).then_some(())
        });
    }
    let problem = browser.text("[role=alert]");
    assert!(problem.starts_with("Too many tries."), "{problem}");
    look(&browser, "device-too-many");
    insist_on_quiet_console(&browser, "");
}
