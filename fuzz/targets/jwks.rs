#![no_main]
//! Key sets from strangers, and an ID token that none of their keys can have signed.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{assert_inert, now, profile};
use oarlock_oauth::id_token::check;
use oarlock_oauth::jwks::KeySet;
use oarlock_oauth::secret::{IdToken, Nonce};

// {"alg":"RS256","kid":"1"} . {"iss":"https://login.example.com","aud":"client","sub":"ada","exp":1767229200,"iat":1767225600,"nonce":"n"} . zeros
const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUuY29tIiwiYXVkIjoiY2xpZW50Iiwic3ViIjoiYWRhIiwiZXhwIjoxNzY3MjI5MjAwLCJpYXQiOjE3NjcyMjU2MDAsIm5vbmNlIjoibiJ9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fuzz_target!(|body: &[u8]| {
    match KeySet::parse(body) {
        Ok(keys) => {
            let forged = check(
                &IdToken::new(TOKEN),
                &profile(),
                &keys,
                Some(&Nonce::new("n")),
                now(),
            );
            assert!(forged.is_err(), "a signature of zeros was accepted");
        }
        Err(error) => assert_inert(&error.to_string()),
    }
});
