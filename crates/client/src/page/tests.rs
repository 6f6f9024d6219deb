use super::*;
use oarlock_oauth::{pkce, secret::CodeVerifier};

fn every() -> Vec<Page> {
    let provider = || Untrusted::new("Example");
    vec![
        Page::LoggedIn {
            provider: provider(),
        },
        Page::Received {
            provider: provider(),
        },
        Page::Denied {
            provider: provider(),
            description: None,
        },
        Page::Denied {
            provider: provider(),
            description: Some(Untrusted::new("You pressed No.")),
        },
        Page::Failed {
            provider: provider(),
            reason: Untrusted::new("the token request failed: invalid_grant"),
        },
        Page::Foreign {
            status: StatusCode::NOT_FOUND,
            reason: Untrusted::new("no such page"),
        },
        Page::Foreign {
            status: StatusCode::BAD_REQUEST,
            reason: Untrusted::new("its state differs"),
        },
        Page::Foreign {
            status: StatusCode::METHOD_NOT_ALLOWED,
            reason: Untrusted::new("only GET is answered"),
        },
    ]
}

fn style(page: &str) -> &str {
    let (_, rest) = page.split_once("<style>").unwrap();
    rest.split_once("</style>").unwrap().0
}

#[test]
fn the_policy_names_exactly_the_style_of_every_page() {
    for page in every() {
        let response = page.response();
        // PKCE's challenge is the base64url of a SHA-256, which is what the policy wants in base64.
        let digest = pkce::challenge(&CodeVerifier::new(style(response.body())))
            .replace('-', "+")
            .replace('_', "/");
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
    for page in every() {
        let response = page.response();
        let body = response.body();
        for word in [
            "<script",
            "javascript:",
            "http://",
            "https://",
            "//",
            "style=",
            "onload",
            "@import",
            "url(",
        ] {
            assert!(!body.contains(word), "{word} in {body}");
        }
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[REFERRER_POLICY], "no-referrer");
    }
}

#[test]
fn pages_are_small() {
    for page in every() {
        assert!(page.response().body().len() < 4096);
    }
}

#[test]
fn titles_and_headings_tell_the_pages_apart() {
    let [logged_in, received, denied, _, failed, nothing, foreign, _] =
        <[Page; 8]>::try_from(every()).unwrap();
    let pages = [logged_in, received, denied, failed, nothing, foreign].map(|page| page.template());
    for (index, page) in pages.iter().enumerate() {
        for other in pages.iter().skip(index + 1) {
            assert_ne!(page.heading, other.heading);
        }
    }
    let titles: std::collections::BTreeSet<_> = pages.iter().map(|page| &page.title).collect();
    assert_eq!(titles.len(), 5, "{titles:?}");
}

#[test]
fn only_what_worked_says_so() {
    for page in every() {
        let response = page.response();
        let says = response.body().contains("You are logged in");
        assert_eq!(says, matches!(page, Page::LoggedIn { .. }), "{page:?}");
        assert_eq!(
            response.status().is_success(),
            matches!(page, Page::LoggedIn { .. } | Page::Received { .. })
        );
    }
}

#[test]
fn a_refused_method_is_answered_with_the_right_one() {
    let page = Page::Foreign {
        status: StatusCode::METHOD_NOT_ALLOWED,
        reason: Untrusted::new("only GET"),
    };
    assert_eq!(page.response().headers()[ALLOW], "GET");
}

#[test]
fn hostile_06_markup_bidi_and_escapes_of_strangers_are_inert() {
    let nasty = "<script>alert(1)</script>\u{202e}evil\u{1b}[2J\"'><img src=x onerror=alert(2)>\r\nSet-Cookie: a=b";
    let nasty = || Untrusted::new(nasty);
    for page in [
        Page::LoggedIn { provider: nasty() },
        Page::Received { provider: nasty() },
        Page::Denied {
            provider: nasty(),
            description: Some(nasty()),
        },
        Page::Failed {
            provider: nasty(),
            reason: nasty(),
        },
        Page::Foreign {
            status: StatusCode::BAD_REQUEST,
            reason: nasty(),
        },
    ] {
        let response = page.response();
        let body = response.body();
        for word in ["<script", "<img", "\u{202e}", "\u{1b}", "\r"] {
            assert!(!body.contains(word), "{word:?} in {body}");
        }
        for value in response.headers().values() {
            assert!(!value.to_str().unwrap().contains("Set-Cookie"), "{value:?}");
        }
    }
}

#[test]
fn pages_read_as_they_should() {
    let mut all = String::new();
    for page in every() {
        let template = page.template();
        all.push_str(&format!(
            "{} {}\n# {}\n",
            page.status().as_u16(),
            template.title,
            template.heading
        ));
        if let Some(reason) = &template.reason {
            all.push_str(&format!("> {reason}\n"));
        }
        all.push_str(&format!("{}\n\n", template.next));
    }
    insta::assert_snapshot!(all);
}
