//! `oarlock demo` with a person at the browser.

use super::{handed_over, handover};
use crate::{browser::Chromium, sandbox::Sandbox};

#[test]
fn a_person_signs_in_and_the_demo_goes_on_to_its_end() {
    let (sandbox, browser) = (Sandbox::new(), Chromium::start());
    let (command, file) = handover(&sandbox);
    let mut demo = sandbox.oarlock(["demo"]);
    demo.environment("BROWSER", &command);
    let demo = demo.spawn();
    browser.open(&handed_over(&browser, &file));
    browser.click("button[value=dev]");
    browser.click("button[value=grace]");
    browser.wait_for_heading("You are logged in to the demo's server");
    let demo = demo.finish().ended_with(0);
    assert!(
        demo.stdout.contains("Logged in as grace@example.com"),
        "{demo:?}"
    );
    assert!(
        !demo.stdout.contains("Nobody seems to be there"),
        "{demo:?}"
    );
    assert!(demo.stdout.contains("the file is gone"), "{demo:?}");
    assert!(
        sandbox.credential_files().is_empty(),
        "nothing of the user's is touched"
    );
}
