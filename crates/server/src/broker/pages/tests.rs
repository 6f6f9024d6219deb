mod gallery;
mod markup;

use http::{
    StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use oarlock_oauth::{pkce, secret::CodeVerifier};

use super::*;
use gallery::{HOSTILE, NOTICES, Owner, REQUEST, TOKEN, asker, choices};
use markup::Markup;

fn html(page: &Page<'_>) -> String {
    String::from_utf8(page.response().body().to_vec()).unwrap()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

#[test]
fn the_policy_names_exactly_the_style_of_every_page() {
    for (name, page) in Owner::new().pages() {
        let text = html(&page);
        // PKCE's challenge is the base64url of a SHA-256, which is what the policy wants in base64.
        let digest = pkce::challenge(&CodeVerifier::new(between(&text, "<style>", "</style>")))
            .replace('-', "+")
            .replace('_', "/");
        let response = page.response();
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; img-src data:; style-src 'sha256-{digest}='; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            ),
            "{name}"
        );
    }
}

#[test]
fn every_page_has_the_headers_that_keep_it_to_itself() {
    for (name, page) in Owner::new().pages() {
        let response = page.response();
        let headers = response.headers();
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8", "{name}");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
    }
}

#[test]
fn statuses_and_waits_are_as_described() {
    let answer = |page: Page<'_>| {
        let response = page.response();
        let wait = response.headers().get(RETRY_AFTER).cloned();
        let wait = wait.map(|wait| wait.to_str().unwrap().to_owned());
        (response.status().as_u16(), wait)
    };
    let expected = [
        200, 200, 403, 403, 502, 502, 400, 409, 403, 400, 429, 503, 503, 400, 200, 200,
    ];
    for ((name, notice), status) in NOTICES.into_iter().zip(expected) {
        let wait = match name {
            "notice-too-many" => Some("60"),
            "notice-full" => Some("10"),
            "notice-unavailable" => Some("5"),
            _ => None,
        };
        let wait = wait.map(str::to_owned);
        assert_eq!(answer(Page::Notice(notice)), (status, wait), "{name}");
    }
    for (name, page) in Owner::new().ordinary() {
        let expected = match name {
            "device-nothing" => (400, None),
            "device-too-many" => (429, Some("250".to_owned())),
            _ => (200, None),
        };
        assert_eq!(answer(page), expected, "{name}");
    }
}

#[test]
fn nothing_runs_and_nothing_is_fetched() {
    for (name, page) in Owner::new().pages() {
        let text = html(&page);
        let markup = Markup::read(&text);
        for tag in &markup.tags {
            assert!(markup::ALLOWED.contains(&tag.name), "{name}: {}", tag.name);
            for (attribute, value) in &tag.attributes {
                assert!(
                    !attribute.starts_with("on") && *attribute != "style",
                    "{name}: {attribute}"
                );
                match (tag.name, *attribute) {
                    ("link", "href") => assert_eq!(value, "data:,"),
                    ("a", "href") if matches!(page, Page::Leave(_)) => {}
                    ("a", "href") | ("form", "action") => {
                        assert!(
                            value.starts_with('/') && !value.starts_with("//"),
                            "{name}: {value}"
                        );
                    }
                    (_, "href" | "src" | "action" | "formaction" | "srcset" | "data" | "ping") => {
                        panic!("{name}: {attribute} of {}", tag.name)
                    }
                    _ => {}
                }
            }
        }
        let style = between(&text, "<style>", "</style>");
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
    // So that whatever the relay's pages prove of contrast is true here too.
    let style = include_str!("../../../templates/broker/pages.css");
    assert!(!style.contains('#') && !style.contains("rgb("), "{style}");
}

#[test]
fn every_page_can_be_used_without_eyes_and_mouse() {
    for (name, page) in Owner::new().pages() {
        let text = html(&page);
        assert!(text.starts_with("<!doctype html>\n<html lang=\"en\">"));
        let markup = Markup::read(&text);
        for once in ["h1", "title", "main", "footer"] {
            assert_eq!(markup.count(once), 1, "{name}: {once}");
        }
        let ids: Vec<_> = markup.attributes("id").collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(ids.len(), unique.len(), "{name}");
        for reference in ["aria-describedby", "aria-labelledby", "for"] {
            for id in markup
                .attributes(reference)
                .flat_map(|ids| ids.split(' ').map(str::to_owned).collect::<Vec<_>>())
            {
                assert!(ids.contains(&id.as_str()), "{name}: {reference} {id}");
            }
        }
        let labelled: Vec<_> = markup.attributes("for").collect();
        for tag in &markup.tags {
            let hidden = tag.attribute("type") == Some("hidden");
            if matches!(tag.name, "input" | "textarea") && !hidden {
                assert!(labelled.contains(&tag.attribute("id").unwrap()), "{name}");
            }
            if tag.name == "svg" {
                assert_eq!(tag.attribute("aria-hidden"), Some("true"), "{name}");
            }
            assert_eq!(tag.attribute("tabindex"), None, "{name}");
        }
        let focus = markup.attributes("autofocus").count();
        let typed = name == "code" || name.contains("device") && !name.ends_with("prefilled");
        assert_eq!(focus, usize::from(typed), "{name}");
    }
}

#[test]
fn hostile_22_every_form_posts_here_with_its_token() {
    for (name, page) in Owner::new().pages() {
        let path = match page {
            Page::SignIn(_) => Some("/login"),
            Page::Consent(_) => Some("/consent"),
            Page::Device(_) => Some("/device"),
            Page::Dev(_) => Some("/dev"),
            Page::Sessions(_) => Some("/sessions"),
            Page::Code(_) | Page::Leave(_) | Page::Notice(_) => None,
        };
        let text = html(&page);
        assert_eq!(text.matches("<form").count(), usize::from(path.is_some()));
        assert_eq!(text.contains(TOKEN), path.is_some(), "{name}");
        let Some(path) = path else {
            assert!(!text.contains("<button"), "{name}");
            continue;
        };
        let (outside, form) = text.split_once("<form").unwrap();
        let (form, after) = form.split_once("</form>").unwrap();
        let form = format!("<form{form}");
        let markup = Markup::read(&form);
        let opening = &markup.tags[0];
        assert_eq!(opening.attribute("method"), Some("post"), "{name}");
        assert_eq!(opening.attribute("action"), Some(path), "{name}");
        // Firefox would put an old token into a page that was loaded again.
        assert_eq!(opening.attribute("autocomplete"), Some("off"), "{name}");
        assert_eq!(markup.field("form_token"), vec![TOKEN], "{name}");
        assert!(markup.count("button") > 0, "{name}");
        for rest in [outside, after] {
            assert!(!rest.contains("<button") && !rest.contains("<input"));
        }
    }
}

#[test]
fn forms_have_the_fields_that_their_routes_read() {
    let owner = Owner::new();
    let pages = owner.pages();
    let fields = |name: &str, field: &str| {
        let (_, page) = pages.iter().find(|(other, _)| *other == name).unwrap();
        let text = html(page);
        let markup = Markup::read(&text);
        markup
            .field(field)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(fields("sign-in", "request"), [REQUEST]);
    assert_eq!(fields("sign-in", "upstream"), ["github"]);
    assert_eq!(fields("sign-in", "cancel"), ["yes"]);
    assert!(fields("sign-in", "continue").is_empty());
    assert_eq!(fields("sign-in-again", "continue"), ["user-1"]);
    assert_eq!(fields("many-sign-in", "upstream").len(), 12);
    assert_eq!(fields("consent", "login"), ["login-1"]);
    assert_eq!(fields("consent", "decision"), ["allow", "deny"]);
    assert_eq!(fields("device", "user_code"), [""]);
    assert_eq!(fields("device-prefilled", "user_code"), ["WDJB-MJHT"]);
    assert_eq!(fields("dev", "state"), ["state-1"]);
    assert_eq!(fields("dev", "subject"), ["ada", "bob"]);
    assert_eq!(
        fields("sessions", "revoke"),
        ["session-1", "session-2", "session-3", "others"]
    );
    assert_eq!(fields("sessions", "sign_out"), ["yes"]);
    assert!(fields("sessions-one", "revoke").is_empty());
    assert_eq!(fields("many-sessions", "revoke").len(), 40);
}

#[test]
fn hostile_06_words_of_strangers_are_inert() {
    let owner = Owner::new();
    let mut seen = 0;
    for (name, page) in owner.extreme() {
        let text = html(&page);
        for active in ["<script", "<img", "onload='", "\" onload"] {
            assert!(!text.contains(active), "{name}: {active:?}");
        }
        let markup = Markup::read(&text);
        let words = &markup.text;
        assert!(
            words
                .chars()
                .all(|c| c == '\n' || !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c)),
            "{name}"
        );
        if name.starts_with("hostile") {
            seen += 1;
            // It is shown, as text: nothing vanishes that could have been a warning.
            let shown = Untrusted::new(HOSTILE).to_string();
            let in_field = markup.field("user_code").contains(&shown.as_str());
            assert!(words.contains(&shown) || in_field, "{name}: {words}");
        }
        assert!(!between(&text, "<title>", "</title>").contains("alert"));
    }
    assert_eq!(seen, 6);
}

#[test]
fn hostile_21_the_page_says_who_asks_from_where_and_shows_the_code() {
    let owner = Owner::new();
    let pages = owner.ordinary();
    let words = |name: &str| {
        let (_, page) = pages.iter().find(|(other, _)| *other == name).unwrap();
        Markup::read(&html(page)).text
    };
    for name in ["sign-in-elsewhere", "consent-elsewhere"] {
        let words = words(name);
        for told in [
            "deploy-bot",
            "Nobody has checked this name",
            "Not from this browser’s address.",
            "2001:db8:85a3::8a2e:370:7334",
            "2 minutes ago",
            "WDJB-MJHT",
            "the terminal or device that waits",
            "logs:read",
        ] {
            assert!(words.contains(told), "{name}: {told}");
        }
    }
    let near = words("sign-in");
    assert!(!near.contains("Nobody has checked") && !near.contains("Not from this"));
    let paired = words("sign-in-pairing");
    assert!(paired.contains("A program in a terminal") && paired.contains("WDJB-MJHT"));
    assert!(!paired.contains("this name") && !paired.contains("Known to"));
    let web = words("consent");
    assert!(web.contains("app.example.org") && web.contains("Nobody has checked"));
}

#[test]
fn a_name_that_shows_nothing_is_said_to_be_none() {
    let owner = Owner::new();
    for name in ["", " \u{a0}\u{3000}", "\u{2800}"] {
        let asker = Asker {
            program: Some(name.into()),
            ..asker()
        };
        let text = html(&Page::SignIn(owner.sign_in(asker, choices(&["GitHub"]))));
        assert!(text.contains("A program without a name"), "{name:?}");
    }
}

#[test]
fn hostile_07_a_browser_is_sent_to_no_script() {
    for to in [
        "javascript:alert(4711)",
        "data:text/html,4711",
        "http://a.example/4711",
    ] {
        let to = Url::parse(to).unwrap();
        let page = Page::Leave(Leave {
            to: &to,
            whom: "My tool".into(),
        });
        let response = page.response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let text = html(&page);
        assert!(
            !text.contains("4711") && !text.contains("http-equiv"),
            "{text}"
        );
    }
}

#[test]
fn hostile_07_an_address_stays_in_its_attribute() {
    for to in [
        "https://a.example/?q=\"><script>alert(1)</script>&x='y';z=1",
        "com.example.tool:\"><script>alert(1)</script>' ;url=javascript:alert(1)",
        "com.example.tool:/a b;0;url='https://evil.example'",
    ] {
        let to = Url::parse(to).unwrap();
        let text = html(&Page::Leave(Leave {
            to: &to,
            whom: "My tool".into(),
        }));
        assert!(!text.contains("<script"), "{text}");
        let markup = Markup::read(&text);
        let refresh = markup
            .tags
            .iter()
            .find(|tag| tag.attribute("http-equiv") == Some("refresh"))
            .unwrap();
        // All after `url=` is the address, for it begins with no quotation mark (HTML, "shared declarative refresh steps").
        assert_eq!(
            refresh.attribute("content"),
            Some(format!("0;url={to}").as_str())
        );
        let links: Vec<_> = markup.attributes("href").collect();
        assert_eq!(links, ["data:,", to.as_str()]);
    }
}

#[test]
fn no_secret_of_a_page_is_in_its_debug() {
    let owner = Owner::new();
    for (name, page) in owner.pages() {
        let debug = format!("{page:?}");
        for secret in [TOKEN, "AY3Lk0vQxX5", "code=c", "state-1"] {
            assert!(!debug.contains(secret), "{name}: {debug}");
        }
    }
}

#[test]
fn pages_read_as_they_should() {
    let owner = Owner::new();
    for (name, page) in owner.ordinary() {
        let text = html(&page);
        let style = between(&text, "<style>", "</style>");
        insta::assert_snapshot!(name, text.replace(style, "…"));
    }
    let mut notices = String::new();
    for (name, notice) in NOTICES {
        let words = notice.words();
        let status = Page::Notice(notice).response().status().as_u16();
        notices.push_str(&format!(
            "{name}\n{status} {} ({})\n{}\n> {}\n\n",
            words.heading, words.tone, words.said, words.next
        ));
    }
    insta::assert_snapshot!("notices", notices);
}

/// For people to look at, in `target/broker-pages`; a page that leaves at once could not be.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "pages to be looked at are no secret"
)]
fn every_page_is_a_file_to_look_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(option_env!("CARGO_TARGET_DIR").unwrap_or("target"))
        .join("broker-pages");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, page) in Owner::new().pages() {
        let text = html(&page).replace("http-equiv=\"refresh\"", "name=\"refresh\"");
        std::fs::write(folder.join(format!("{name}.html")), text).unwrap();
    }
}
