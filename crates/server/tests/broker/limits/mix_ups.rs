//! Two providers, and an answer of the one where the other's is due (hostile.md, 12).

use crate::{
    flows::{authorize, code, redeem},
    person::Person,
    provider::Provider,
    scene::{Scene, encode},
};

#[tokio::test]
async fn hostile_12_another_providers_answer_is_refused_and_the_right_one_still_counts() {
    let (honest, evil) = (Provider::start().await, Provider::start().await);
    let upstreams = vec![
        honest.upstream("honest", true),
        evil.upstream("evil", true),
        evil.upstream("plain", false),
    ];
    let scene = Scene::with(|config| config.upstreams = upstreams).await;
    let with_iss = |back: &str, iss: &str| format!("{back}&{}", encode(&[("iss", iss)]));
    for (chosen, right, wrong) in [
        ("honest", Some(honest.issuer()), evil.issuer()),
        ("evil", Some(evil.issuer()), honest.issuer()),
        // One that has no issuer: nothing is due, but another's name is a mix-up.
        ("plain", None, honest.issuer()),
    ] {
        let mut ada = Person::default();
        let page = ada.get(&scene, &authorize("openid")).await;
        let back = ada.is_at(&scene, &page, chosen).await;
        let before = (honest.exchanges(), evil.exchanges());
        let mut wrongs = vec![with_iss(&back, &wrong)];
        if let Some(right) = &right {
            wrongs.push(back.clone());
            wrongs.push(with_iss(&back, &format!("{right}/")));
            wrongs.push(with_iss(&back, &right.replace("http:", "HTTP:")));
            wrongs.push(with_iss(&with_iss(&back, right), right));
            wrongs.push(with_iss(&with_iss(&back, right), &wrong));
        }
        for wrong in wrongs {
            let refused = ada.get(&scene, &wrong).await;
            assert!(matches!(refused.status, 400 | 502), "{wrong}: {refused:?}");
            assert!(refused.location().is_none(), "{wrong}: {refused:?}");
        }
        assert_eq!((honest.exchanges(), evil.exchanges()), before, "{chosen}");
        let back = right.map_or(back.clone(), |right| with_iss(&back, &right));
        let onward = ada.get(&scene, &back).await;
        assert_eq!(redeem(&scene, &code(&onward)).await.status, 200, "{chosen}");
    }
    assert_eq!((honest.exchanges(), evil.exchanges()), (1, 2));
}
