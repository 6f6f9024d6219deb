//! The server behaves: every flow, walked by a client without any OAuth library.
mod authorization;
mod devices;
mod endpoints;
mod pages;
mod tokens;

use oarlock_testkit::{AuthorizationServer, Server};

async fn server() -> Server {
    AuthorizationServer::start().await.unwrap()
}
