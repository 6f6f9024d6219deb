"""How a relay ends a registration: CLOSE and ERROR."""

from .errors import OAuthConnectionError, OAuthRelayError, OAuthTimeoutError
from .frames import Frame, word

PASSING = ("shutdown", "silent", "temporarily_unavailable")
"""Last words after which coming back makes sense."""

MEANING = {
    "invalid_request": "the relay does not take what this client says",
    "unsupported_protocol": "the relay does not speak protocol 2: update it",
    "expired": "Timeout waiting for OAuth callback: the relay lets nobody wait longer",
    "replaced": "the registration was taken over by another connection",
    "unconfirmed": "the acknowledgement came too late: the browser was told that the login failed",
    "invalid_token": "the relay wants a bearer token that it knows: set OARLOCK_RELAY_TOKEN",
    "state_in_use": "somebody else waits for this state: make a new one for each login",
    "too_many_registrations": "the relay has no room for another registration: try again later",
    "shutdown": "the relay is about to stop: try again later",
    "temporarily_unavailable": "the relay is about to stop: try again later",
}
"""What the words mean for the user of this client."""


class Passing(Exception):
    """A last word after which coming back makes sense."""

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


class Forgotten(OAuthConnectionError):
    """The relay does not know of a callback that it delivered."""


def reason_of(frame: Frame) -> str:
    """The word of a CLOSE or ERROR."""
    return word(frame, "error" if frame["type"] == "ERROR" else "reason")


def refusal(frame: Frame) -> OAuthRelayError:
    """The error for a last word that is not good news."""
    reason = reason_of(frame)
    message = MEANING.get(reason) or f"the relay ended the registration: {reason}"
    description = word(frame, "error_description")
    if description:
        message = f"{message} ({description})"
    return OAuthTimeoutError(message, reason) if reason == "expired" else OAuthRelayError(message, reason)
