//! A browser that signs in: from the page it is shown to the way back from the provider.

use crate::{
    Fault,
    connection::{Connection, parameter},
    provider,
};

/// A browser that is at its provider.
pub(crate) struct Away {
    /// What ties it to its login.
    pub(crate) cookie: String,
    state: String,
    nonce: Option<String>,
    challenge: String,
}

/// A new browser opens the page and chooses the provider.
pub(crate) async fn go(
    connection: &mut Connection,
    page: &str,
    upstream: &str,
) -> Result<Away, Fault> {
    let shown = connection.get(page, "").await?.expect(200)?;
    let cookie = shown.cookie("oarlock-browser")?.to_owned();
    let (request, token) = (shown.field("request")?, shown.field("form_token")?);
    if !is_plain(request) || !is_plain(token) {
        return Err("a field that would have to be encoded".into());
    }
    let form = format!("request={request}&form_token={token}&upstream={upstream}");
    let leaving = connection.post("/login", &cookie, &form).await?;
    let to = leaving.expect(200)?.leaves_to()?;
    let known = |name| parameter(&to, name).map(str::to_owned);
    Ok(Away {
        cookie,
        state: known("state").ok_or("the provider gets no state")?,
        nonce: known("nonce"),
        challenge: known("code_challenge").ok_or("the provider gets no challenge")?,
    })
}

impl Away {
    /// Where the provider sends it back to, with somebody signed in.
    pub(crate) fn back(&self, person: usize) -> String {
        let code = provider::code(person, self.nonce.as_deref(), Some(&self.challenge));
        format!("/redirect?code={code}&state={}", self.state)
    }
}

fn is_plain(text: &str) -> bool {
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().all(is_one)
}
