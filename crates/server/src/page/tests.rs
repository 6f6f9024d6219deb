use std::collections::BTreeMap;

use http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use oarlock_oauth::{pkce, secret::CodeVerifier};

use super::*;

fn text(page: Page) -> String {
    String::from_utf8(page.response().body().to_vec()).unwrap()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

#[test]
fn the_policy_names_exactly_the_style_of_every_page() {
    for page in PAGES {
        let text = text(page);
        let style = between(&text, "<style>", "</style>");
        // PKCE's challenge is the base64url of a SHA-256, which is what the policy wants in base64.
        let digest = pkce::challenge(&CodeVerifier::new(style))
            .replace('-', "+")
            .replace('_', "/");
        let response = page.response();
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.contains(&format!("style-src 'sha256-{digest}='")),
            "put {digest}= into POLICY, not {policy}"
        );
    }
}

#[test]
fn nothing_runs_and_nothing_is_fetched() {
    for page in PAGES {
        let text = text(page);
        for word in [
            "<script",
            "javascript:",
            "http:",
            "https:",
            "//",
            "style=",
            "onload",
            "@import",
            "url(",
            "<form",
            "<a ",
        ] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[test]
fn every_page_has_the_headers_that_keep_it_to_itself() {
    for page in PAGES {
        let response = page.response();
        let headers = response.headers();
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
    }
}

#[test]
fn what_may_be_done_next_is_in_the_headers_too() {
    let header = |page: Page, name| page.response().headers().get(name).cloned();
    for page in PAGES {
        let waits = matches!(page, Page::Callback(Outcome::Stopping) | Page::TooMany);
        assert_eq!(header(page, RETRY_AFTER).is_some(), waits, "{page:?}");
        let allow = match page {
            Page::Method { allow } => Some(HeaderValue::from_static(allow)),
            _ => None,
        };
        assert_eq!(header(page, ALLOW), allow, "{page:?}");
    }
    let other = Page::Method { allow: "PUT" };
    assert_eq!(other.response().headers()[ALLOW], "PUT");
}

#[test]
fn pages_are_small_and_well_formed_enough() {
    for page in PAGES {
        let text = text(page);
        assert!(text.len() < 6 * 1024, "{}", text.len());
        assert!(text.starts_with("<!doctype html>\n<html lang=\"en\">"));
        for once in ["<main>", "<h1>", "<title>", "role=\"", "<footer>"] {
            assert_eq!(text.matches(once).count(), 1, "{once} in {text}");
        }
        let title = between(&text, "<title>", "</title>");
        assert_eq!(title, between(&text, "<h1>", "</h1>"));
        // Every sign is decoration: the words alone must do.
        assert_eq!(
            text.matches("<svg").count(),
            text.matches("aria-hidden").count()
        );
    }
}

#[test]
fn hostile_33_only_the_page_of_a_program_that_has_it_says_complete() {
    for page in PAGES {
        let complete = page == Page::Callback(Outcome::Complete);
        assert_eq!(
            text(page).contains("Authorization Complete"),
            complete,
            "{page:?}"
        );
        let handed_over = complete || page == Page::Callback(Outcome::Denied);
        assert_eq!(
            page.response().status().is_success(),
            handed_over || page == Page::Front,
            "{page:?}"
        );
    }
}

#[test]
fn pages_read_as_they_should() {
    let mut all = String::new();
    for page in PAGES {
        let words = page.words();
        all.push_str(&format!(
            "{} {} ({})\n{}\n> {}\n\n",
            page.status().as_u16(),
            words.heading,
            words.tone,
            words.said,
            words.next
        ));
    }
    insta::assert_snapshot!(all);
}

/// The custom properties of one `:root` block.
fn colours(block: &str) -> BTreeMap<&str, [f64; 3]> {
    let hexadecimal = |text: &str, from: usize, digits: usize| {
        let value = u32::from_str_radix(&text[from..from + digits], 16).unwrap();
        f64::from(if digits == 1 { value * 17 } else { value }) / 255.0
    };
    let declarations = block
        .split(';')
        .filter_map(|declaration| declaration.split_once(":#"));
    declarations
        .map(|(name, value)| {
            let digits = value.len() / 3;
            let channel = |index: usize| hexadecimal(value, index * digits, digits);
            (name, [channel(0), channel(1), channel(2)])
        })
        .collect()
}

/// WCAG 2.2, "contrast ratio".
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let [red, green, blue] = colour.map(|channel| {
            if channel <= 0.04045 {
                channel / 12.92
            } else {
                ((channel + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn contrast_is_computed_as_the_standard_does() {
    assert!((contrast([0.0; 3], [1.0; 3]) - 21.0).abs() < 0.01);
    let grey = colours("--grey:#777")["--grey"];
    assert!((contrast(grey, [1.0; 3]) - 4.478).abs() < 0.001);
}

#[test]
fn everything_can_be_read_in_both_colour_schemes() {
    let style = include_str!("../../templates/page.css");
    let mut blocks = style.split(":root{").skip(1);
    let mut scheme = || colours(blocks.next().unwrap().split('}').next().unwrap());
    let (light, dark) = (scheme(), scheme());
    assert_eq!(light.len(), 13);
    assert!(light.keys().eq(dark.keys()));
    for (name, scheme) in [("light", light), ("dark", dark)] {
        let insist = |text: &str, ground: &str| {
            let found = contrast(scheme[text], scheme[ground]);
            assert!(found >= 4.5, "{name}: {text} on {ground} is {found:.2}");
        };
        insist("--ink", "--card");
        insist("--soft", "--card");
        // Code and buttons of the broker's pages.
        insist("--ink", "--ground");
        insist("--soft", "--ground");
        insist("--soft", "--calm-tint");
        for tone in ["--good", "--bad", "--wait", "--calm"] {
            let tint = format!("{tone}-tint");
            insist("--ink", &tint);
            insist(tone, &tint);
            insist(tone, "--card");
        }
    }
}
