//! What a program asks for, from the first request to the end of its login.

use std::net::IpAddr;

use oarlock_oauth::{
    Timestamp,
    authorization_server::{authorization::AuthorizationRequest, paircode::PaircodeDigest},
    scope::Scopes,
};

/// A request to sign a person in. Sealed into the page (and the address of a pairing), stored with the login.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoginRequest {
    /// For what.
    pub asked: Asked,
    /// When the program (for a code: its browser) came.
    pub at: Timestamp,
    /// From where.
    pub from: IpAddr,
}

/// For what a person is to sign in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// An authorization code.
    Code(AuthorizationRequest),
    /// Tokens for a device, whose login is in the store from the start.
    Device(DeviceAsked),
    /// A login of the older face.
    Pairing(PaircodeDigest),
    /// Nothing but this server's own pages ("your sessions").
    Sessions,
}

/// What a device asked for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeviceAsked {
    /// Who asks.
    pub client_id: String,
    /// What for.
    pub scopes: Scopes,
    /// Where for.
    pub resources: Vec<String>,
    /// As the person typed it, with its hyphen, to be shown again.
    pub user_code: String,
}

impl Asked {
    /// The client that asks, if it is one.
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Code(request) => Some(&request.client_id),
            Self::Device(device) => Some(&device.client_id),
            Self::Pairing(_) | Self::Sessions => None,
        }
    }

    /// The scopes that are asked for.
    pub fn scopes(&self) -> Scopes {
        match self {
            Self::Code(request) => request.scopes.clone(),
            Self::Device(device) => device.scopes.clone(),
            Self::Pairing(_) | Self::Sessions => Scopes::default(),
        }
    }
}
