//! The broker's pages, as a person meets them.

mod accessibility;
mod decision;
mod device;
mod ends;
mod login;
mod program;
mod public;
mod server;
mod sessions;
mod strangers;

use super::{insist_on_quiet_console, picture};
use crate::browser::Chromium;

/// Keys that are no characters, as WebDriver writes them.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// The back button, until the page with this in its address is there.
fn back_to(browser: &Chromium, address: &str) {
    browser.back();
    browser.wait_for("the page before", || {
        browser.address().contains(address).then_some(())
    });
}

/// Takes the pictures of a page, and insists that everybody can use it.
fn look(browser: &Chromium, page: &str) {
    picture(browser, &format!("broker-{page}"));
    accessibility::insist(browser, page);
}
