use oarlock_oauth::text::Untrusted;
use proptest::prelude::*;

use super::*;
use crate::broker::user::Profile;

fn somebody(email: &str, email_verified: bool) -> Person {
    Person {
        provider: "x".into(),
        subject: "1234".into(),
        profile: Profile {
            email: Some(Untrusted::new(email)),
            email_verified,
            ..Profile::default()
        },
    }
}

fn lets(rule: &str, email: &str) -> bool {
    lets_in(&[AllowRule::parse(rule).unwrap()], &somebody(email, true))
}

#[test]
fn without_rules_everybody_may_come_in() {
    assert!(lets_in(&[], &somebody("a@b.example", false)));
}

#[test]
fn a_rule_that_could_not_be_read_lets_nobody_in() {
    assert!(!lets_in(
        &[AllowRule::Nobody],
        &somebody("a@b.example", true)
    ));
}

#[test]
fn a_person_is_let_in_by_subject_and_by_nothing_like_it() {
    let by = |rule| lets_in(&[AllowRule::parse(rule).unwrap()], &somebody("", false));
    assert!(by("sub:1234"));
    for other in ["sub:123", "sub:12345", "sub: 1234", "sub:1234 "] {
        assert!(!by(other), "{other:?}");
    }
}

#[test]
fn a_domain_is_compared_whole_and_without_case() {
    for email in ["ann@example.com", "ANN@EXAMPLE.COM", "a+b@Example.Com"] {
        assert!(lets("*@example.com", email), "{email}");
        assert!(lets("*@EXAMPLE.com", email), "{email}");
    }
    for email in [
        "ann@sub.example.com",
        "ann@notexample.com",
        "ann@example.com.evil.example",
        "ann@example.com.",
        "ann@evil.example@example.com",
        "\"ann@evil.example\"@example.com",
        "@example.com",
        "example.com",
        "ann@example.com\n",
        "ann@example.com ",
        "an n@example.com",
        "ann@%65xample.com",
        "",
    ] {
        assert!(!lets("*@example.com", email), "{email:?}");
    }
}

#[test]
fn an_address_is_compared_whole_and_without_case() {
    assert!(lets("Ann@example.com", "aNN@EXAMPLE.com"));
    for email in ["anne@example.com", "ann@example.org", "*@example.com"] {
        assert!(!lets("ann@example.com", email), "{email}");
    }
}

#[test]
fn an_address_that_is_not_verified_is_none() {
    let person = somebody("ann@example.com", false);
    for rule in ["*@example.com", "ann@example.com"] {
        assert!(!lets_in(&[AllowRule::parse(rule).unwrap()], &person));
    }
    let mut nobody = somebody("", true);
    nobody.profile.email = None;
    assert!(!lets_in(
        &[AllowRule::parse("*@example.com").unwrap()],
        &nobody
    ));
}

#[test]
fn letters_that_look_alike_stay_others() {
    // The Kelvin sign, the long s, fullwidth letters: each becomes an ASCII letter in some mapping.
    for email in [
        "\u{212a}ate@example.com",
        "kate@\u{ff45}xample.com",
        "kate@\u{212a}.example",
    ] {
        assert!(!lets("kate@example.com", email), "{email}");
        assert!(!lets("kate@k.example", email), "{email}");
    }
    assert!(!lets("sam@example.com", "\u{17f}am@example.com"));
    // A full stop of another script is a full stop to a browser.
    assert!(!lets("*@example.com", "ann@example\u{3002}com"));
}

#[test]
fn a_domain_of_other_letters_is_known_in_both_spellings() {
    for email in ["a@b\u{fc}cher.example", "a@xn--bcher-kva.example"] {
        assert!(lets("*@b\u{fc}cher.example", email), "{email}");
    }
    assert!(lets("*@xn--bcher-kva.example", "a@XN--BCHER-KVA.example"));
    assert!(!lets("*@b\u{fc}cher.example", "a@bucher.example"));
}

#[test]
fn one_of_several_rules_is_enough() {
    let rules = ["*@a.example", "sub:1234"].map(|rule| AllowRule::parse(rule).unwrap());
    assert!(lets_in(&rules, &somebody("a@b.example", true)));
    assert!(lets_in(&rules[..1], &somebody("a@a.example", true)));
    assert!(!lets_in(&rules[..1], &somebody("a@b.example", true)));
}

#[test]
fn what_says_nobody_is_no_rule() {
    for text in [
        "",
        "*",
        "ann",
        "sub:",
        "@example.com",
        "ann@",
        "*@",
        "a*@example.com",
        "*@*.example.com",
        "*@example.com.",
        "*@1.2.3.4",
        "*@[::1]",
        "a@b@c",
        "*@exa mple.com",
        "*@example%2ecom",
        "*@example.com/x",
    ] {
        let error = AllowRule::parse(text).expect_err(text);
        assert!(error.to_string().contains("write *@example.com"), "{error}");
    }
}

proptest! {
    #[test]
    fn never_panics(rule in "\\PC{0,20}|[a-z*.@:%\\[\\]]{0,20}", email in "\\PC{0,30}") {
        if let Ok(rule) = AllowRule::parse(&rule) {
            lets_in(&[rule], &somebody(&email, true));
        }
    }

    #[test]
    fn only_what_ends_in_the_domain_is_let_in(email in "[a-z@.]{0,12}(example\\.com)?") {
        if lets("*@example.com", &email) {
            prop_assert!(email.ends_with("@example.com"));
        }
    }
}
