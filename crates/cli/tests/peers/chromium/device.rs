//! The code of a device login, typed by hand.

use serde_json::json;

use crate::{
    browser::Chromium,
    provider::OidcProvider,
    sandbox::{CLIENT, Sandbox},
};

#[test]
fn a_person_types_the_code_and_the_device_is_logged_in() {
    let provider = OidcProvider::start(&json!({ "device_interval": 1 }));
    let sandbox = Sandbox::new();
    let browser = Chromium::start();
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--flow",
        "device",
        "--no-browser",
    ];
    let login = sandbox.oarlock(arguments).spawn();
    let address = login.told(|line| (line == provider.at("/device")).then(|| line.to_owned()));
    // Two words of capital letters with a dash between them.
    let code = login.told(|line| {
        let (left, right) = line.split_once('-')?;
        let is_word =
            |word: &str| word.len() == 4 && word.chars().all(|letter| letter.is_ascii_uppercase());
        (is_word(left) && is_word(right)).then(|| line.to_owned())
    });
    browser.open(&address);
    // As people type it.
    browser.type_into("input[name=user_code]", &code.to_lowercase());
    browser.click("#submit");
    assert_eq!(browser.text("#user-code"), code);
    browser.click("form:has([name=abort]) #submit");
    browser.type_into("#login-form #login", "ada");
    browser.click("#login-form #submit");
    browser.click("#consent-form #submit");
    browser.text("#done");
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as ada@example.test"), "{login:?}");
    assert_eq!(provider.userinfo(&sandbox.token()).body["sub"], "ada");
}
