use super::*;

/// A login can be spawned on any runtime: this compiles.
#[test]
fn a_login_is_send() {
    fn spawnable<'a>(
        context: &'a LoginContext<'a>,
    ) -> impl Future<Output = Result<LoginTokens, Error>> + Send + 'a {
        run(context)
    }
    let _ = spawnable;
}
