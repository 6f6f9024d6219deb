//! Whoever looks ahead at a callback does not use it up (hostile.md, 8).

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use crate::{browser::Chromium, relay::Relay};

const STATE: &str = "canary-state-0123456789";
const QUERY: &str = "code=canary-code&state=canary-state-0123456789";

/// The origin of a site that shows this page, whatever is asked.
pub(super) fn site_elsewhere(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Another site than 127.0.0.1, as browsers see it.
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for visitor in listener.incoming() {
            let Ok(mut visitor) = visitor else { continue };
            let page = page.clone();
            // Browsers open connections that they do not use.
            thread::spawn(move || {
                let mut lines = BufReader::new(visitor.try_clone().unwrap()).lines();
                while lines.next()?.ok().filter(|line| !line.is_empty()).is_some() {}
                let length = page.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                visitor.write_all((head + &page).as_bytes()).ok()
            });
        }
    });
    origin
}

/// A page that looks ahead at the callback, then a person who follows its link.
#[track_caller]
fn is_not_used_up_by(hint: &str) {
    let (relay, browser) = (Relay::on_a_unix_socket(""), Chromium::start());
    let program = relay.waiting(STATE);
    let callback = relay.callback(QUERY);
    let hint = hint.replace("CALLBACK", &callback);
    let page = format!(
        "<!doctype html><title>Elsewhere</title>{hint}<h1>Elsewhere</h1><a href=\"{callback}\">on</a>"
    );
    browser.open(&site_elsewhere(page));
    browser.wait_for_heading("Elsewhere");
    let looked_ahead = "oarlock_http_requests_total{route=\"callback\",status=\"503\"}";
    browser.wait_for("a look ahead", || {
        (relay.count(looked_ahead) == 1).then_some(())
    });
    assert_eq!(relay.count("oarlock_relay_callbacks_total{"), 0);
    browser.click("a");
    browser.wait_for_heading("Authorization Complete");
    assert_eq!(program.finish().ended_with(0).stdout, "canary-code\n");
}

#[test]
fn hostile_08_a_prefetching_link_uses_nothing_up() {
    is_not_used_up_by("<link rel=\"prefetch\" href=\"CALLBACK\">");
}

#[test]
fn hostile_08_speculation_uses_nothing_up() {
    is_not_used_up_by(
        "<script type=\"speculationrules\">{\"prefetch\":[{\"urls\":[\"CALLBACK\"],\"eagerness\":\"immediate\"}]}</script>",
    );
}
