use crate::{Client, Credential, Error, LoginOptions};

/// A login can be spawned on any runtime: this compiles.
#[test]
fn a_login_is_send() {
    fn spawnable<'a>(
        client: &'a Client,
        options: &'a LoginOptions,
    ) -> impl Future<Output = Result<Credential, Error>> + Send + 'a {
        client.login("example", options)
    }
    let _ = spawnable;
}
