//! A command-line tool that logs its person in, once, through a broker (or any other issuer) and calls an API:
//! `mytool https://login.example.com https://login.example.com/userinfo`.

use oarlock::{Client, ErrorKind, LoginOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let [broker, api] =
        <[String; 2]>::try_from(arguments).map_err(|_| "usage: mytool BROKER API")?;
    let client = Client::new("mytool")?;
    match client.token(&broker).await {
        Err(error) if error.kind() == ErrorKind::LoginRequired => {
            client.login(&broker, &LoginOptions::default()).await?;
        }
        result => drop(result?),
    }
    let mut answer = client.get(&broker, &api).await?;
    while let Some(chunk) = answer.body_mut().next().await? {
        oarlock_io::terminal::output_bytes(&chunk)?;
    }
    Ok(())
}
