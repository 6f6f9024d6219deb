//! What a person sees in a real browser. The pictures go to `target/screenshots`.

mod broker;
mod demo;
mod denial;
mod device;
mod login;
mod prefetch;
mod relay;
mod relay_login;
mod sign_in;

use std::path::{Path, PathBuf};

use crate::{
    browser::{Chromium, View},
    sandbox::Sandbox,
};

/// Everything that is looked at, at both sizes and in both colour schemes.
const VIEWS: [(&str, View); 4] = [
    (
        "desktop-light",
        View {
            width: 1280,
            height: 900,
            dark: false,
        },
    ),
    (
        "desktop-dark",
        View {
            width: 1280,
            height: 900,
            dark: true,
        },
    ),
    (
        "phone-light",
        View {
            width: 390,
            height: 844,
            dark: false,
        },
    ),
    (
        "phone-dark",
        View {
            width: 390,
            height: 844,
            dark: true,
        },
    ),
];

/// Takes the pictures of a page and insists that nothing of it is cut off.
fn picture(browser: &Chromium, page: &str) {
    for (name, view) in VIEWS {
        browser.view(view);
        let wide = browser.script("return document.documentElement.scrollWidth");
        assert_eq!(wide, view.width, "{page} must not scroll sideways ({name})");
        // All of it, however long it is.
        let high = browser.script("return document.documentElement.scrollHeight");
        let high = u32::try_from(high.as_u64().unwrap()).unwrap();
        if high > view.height {
            browser.view(View {
                height: high,
                ..view
            });
        }
        browser.screenshot(&screenshots().join(format!("{page}-{name}.png")));
    }
    browser.view(VIEWS[0].1);
}

fn screenshots() -> PathBuf {
    let folder = option_env!("CARGO_TARGET_DIR").unwrap_or("target");
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder)
        .join("screenshots")
}

/// Insists that the page at this origin broke no rule of its own policy and that nothing in it failed.
///
/// The browser itself notes pages whose status is an error; that is no fault of theirs.
fn insist_on_quiet_console(browser: &Chromium, origin: &str) {
    let mut entries = browser.console(origin);
    entries.retain(|entry| {
        !(entry.source == "network"
            && entry
                .message
                .contains("the server responded with a status of"))
    });
    assert!(entries.is_empty(), "{entries:?}");
}

/// A `--browser` command that hands the address over, and where to.
fn handover(sandbox: &Sandbox) -> (String, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let (script, file) = (sandbox.path("browser"), sandbox.path("address"));
    let text = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >'{}'\n", file.display());
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    (script.to_str().unwrap().to_owned(), file)
}

/// The address that the program handed over.
fn handed_over(browser: &Chromium, file: &Path) -> String {
    browser.wait_for("the address of the login", || {
        let text = std::fs::read_to_string(file).ok()?;
        Some(text.strip_suffix('\n')?.to_owned())
    })
}

/// The origin of the redirect URI in a login's address, where our pages are.
fn landing_of(address: &url::Url) -> url::Url {
    let (_, landing) = address
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap();
    url::Url::parse(&landing).unwrap()
}
