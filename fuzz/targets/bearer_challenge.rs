#![no_main]
//! `WWW-Authenticate` headers.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::assert_inert;
use oarlock_oauth::bearer::challenge;

fuzz_target!(|header: &str| {
    let Some(challenge) = challenge(header) else {
        return;
    };
    for shown in [
        &challenge.realm,
        &challenge.error,
        &challenge.error_description,
        &challenge.scope,
    ]
    .into_iter()
    .flatten()
    {
        assert_inert(&shown.to_string());
    }
});
