//! The older face: a login by paircode, at the broker, at FastHTML's example, and the least that it can cost.

use crate::{
    Fault,
    connection::{Connection, parameter},
    people::People,
    provider,
    sign_in::{self, Away},
};

/// A login that was begun.
pub(crate) struct Begun {
    pub(crate) paircode: String,
    pub(crate) away: Away,
}

/// A paircode that no other run has.
pub(crate) fn paircode(number: usize) -> String {
    format!("paircode-{:010}-{number:010}", std::process::id())
}

/// Up to the provider.
pub(crate) async fn begin(
    connection: &mut Connection,
    upstream: &str,
    number: usize,
) -> Result<Begun, Fault> {
    let paircode = paircode(number);
    let announced = connection
        .get(&format!("/cli_login?paircode={paircode}"), "")
        .await?;
    let url = announced.expect(200)?.body;
    let (_, page) = url
        .split_once("/login?")
        .ok_or("/cli_login answers no login URL")?;
    let page = format!("/login?{page}");
    let away = sign_in::go(connection, &page, upstream).await?;
    Ok(Begun { paircode, away })
}

/// Back from the provider: the exchange.
pub(crate) async fn come_back(
    connection: &mut Connection,
    begun: &Begun,
    person: usize,
) -> Result<(), Fault> {
    let back = begun.away.back(person);
    let done = connection
        .get(&back, &begun.away.cookie)
        .await?
        .expect(200)?;
    done.cookie("oarlock-session").map(drop)
}

/// The program gets it, and it is the right person.
pub(crate) async fn redeem(
    connection: &mut Connection,
    begun: &Begun,
    people: &People,
    person: usize,
) -> Result<(), Fault> {
    let target = format!("/token?paircode={}", begun.paircode);
    let ready = connection.get(&target, "").await?.expect(200)?;
    ready.cookie("oarlock-session")?;
    people.check(person, ready.body)
}

/// A whole one.
pub(crate) async fn login(
    connection: &mut Connection,
    upstream: &str,
    people: &People,
    number: usize,
) -> Result<(), Fault> {
    let person = people.of(number);
    let begun = begin(connection, upstream, number).await?;
    come_back(connection, &begun, person).await?;
    redeem(connection, &begun, people, person).await
}

/// FastHTML's: its paircode is the state, and there are no pages.
pub(crate) async fn fasthtml(
    connection: &mut Connection,
    people: &People,
    number: usize,
) -> Result<(), Fault> {
    let (person, paircode) = (people.of(number), paircode(number));
    let target = format!("/cli_login?paircode={paircode}");
    let announced = connection.get(&target, "").await?.expect(200)?;
    let state = parameter(announced.body, "state").ok_or("the provider gets no state")?;
    let code = provider::code(person, None, None);
    let back = format!("/redirect?code={code}&state={state}");
    let done = connection.get(&back, "").await?.expect(200)?;
    if !done.body.contains("complete") {
        return Err("the login is not complete".into());
    }
    let target = format!("/token?paircode={paircode}");
    let ready = connection.get(&target, "").await?.expect(200)?;
    ready.cookie("session_")?;
    people.check(person, ready.body)
}

/// Three bare answers.
pub(crate) async fn floor(connection: &mut Connection) -> Result<(), Fault> {
    for target in [
        "/cli_login?paircode=p",
        "/redirect?code=c",
        "/token?paircode=p",
    ] {
        connection.get(target, "").await?.expect(200)?;
    }
    Ok(())
}
