//! The rules of `oarlock-oauth` against our tokens: the good one passes, each bad one is refused
//! for its own reason.
use crate::plain_client::*;
use oarlock_oauth::{
    Timestamp,
    endpoint::Issuer,
    id_token::{self, Claims, IdTokenError},
    jwks::KeySet,
    profile::ProviderProfile,
    secret::{IdToken, Nonce},
};
use oarlock_testkit::{AuthorizationServer, DEFAULT_CLIENT_ID, Fault, Faults};

async fn checked(faults: impl Into<Faults>) -> Result<Claims, IdTokenError> {
    let server = AuthorizationServer::builder()
        .faults(faults)
        .start()
        .await
        .unwrap();
    let token = IdToken::new(log_in(&server).await.text("id_token"));
    let keys = KeySet::parse(get(server.at("/jwks.json")).await.body.as_bytes()).unwrap();
    let mut profile = ProviderProfile::named("kit");
    profile.issuer = Some(Issuer::parse(server.issuer()).unwrap());
    profile.client_id = Some(DEFAULT_CLIENT_ID.to_owned());
    #[expect(
        clippy::disallowed_methods,
        reason = "the server of this test has the machine's clock"
    )]
    let now = Timestamp::now();
    id_token::check(&token, &profile, &keys, Some(&Nonce::new(NONCE)), now)
}

#[tokio::test]
async fn a_good_id_token_passes() {
    assert_eq!(checked(Faults::none()).await.unwrap().subject, "user-alice");
}

#[tokio::test]
async fn hostile_13_forged_id_tokens_are_refused() {
    for (fault, wrong) in [
        (Fault::AlgNone, "Algorithm"),
        (Fault::Hs256WithPublicKey, "Algorithm"),
        (Fault::UnknownKid, "UnknownKey"),
        (Fault::BadSignature, "Signature"),
        (Fault::IdTokenCrit, "Header(\"crit\")"),
        (Fault::IdTokenJku, "Header(\"jku\")"),
    ] {
        let error = format!("{:?}", checked(fault).await.unwrap_err());
        assert!(error.starts_with(wrong), "{fault}: {error}");
    }
}

#[tokio::test]
async fn hostile_14_id_tokens_of_others_are_refused() {
    for (fault, wrong) in [
        (Fault::WrongIdTokenIssuer, IdTokenError::Issuer),
        (Fault::WrongAud, IdTokenError::Audience),
        (Fault::WrongAzp, IdTokenError::AuthorizedParty),
        (Fault::WrongNonce, IdTokenError::Nonce),
        (Fault::ExpiredIdToken, IdTokenError::Expired),
        (Fault::ClockFast, IdTokenError::NotYet),
    ] {
        assert_eq!(checked(fault).await.unwrap_err(), wrong, "{fault}");
    }
}
