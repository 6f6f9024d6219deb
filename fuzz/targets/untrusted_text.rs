#![no_main]
//! Text from strangers is inert when a person sees it, and of bounded length.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::assert_inert;
use oarlock_oauth::text::Untrusted;

fuzz_target!(|text: &str| {
    let untrusted = Untrusted::new(text);
    assert_eq!(untrusted.raw(), text);
    for shown in [untrusted.to_string(), format!("{untrusted:?}")] {
        assert_inert(&shown);
        assert!(
            shown.len() <= text.len() * 16 + 64 && shown.chars().count() < 5_000,
            "{} characters",
            shown.chars().count()
        );
    }
});
