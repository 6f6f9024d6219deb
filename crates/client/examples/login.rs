//! A command-line program that logs its user in once and calls an API: `login ISSUER API_URL`.

use oarlock::{Client, ErrorKind, LoginOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(issuer), Some(api)) = (arguments.next(), arguments.next()) else {
        return Err("usage: login ISSUER API_URL".into());
    };
    let client = Client::new("mytool")?;
    match client.token(&issuer).await {
        Err(error) if error.kind() == ErrorKind::LoginRequired => {
            client.login(&issuer, &LoginOptions::default()).await?;
        }
        result => drop(result?),
    }
    let mut answer = client.get(&issuer, &api).await?;
    while let Some(chunk) = answer.body_mut().next().await? {
        oarlock_io::terminal::output_bytes(&chunk)?;
    }
    Ok(())
}
