"""What can go wrong. The names are those of poast-relay's client."""

from typing import Optional


class OAuthRelayError(Exception):
    """The relay was reached, and no callback came of it.

    ``reason`` is the relay's word for it, one of the tables ``reason`` and ``error`` of docs/relay-protocol.md, or None
    where it said none.
    """

    def __init__(self, message: str, reason: Optional[str] = None) -> None:
        super().__init__(message)
        self.reason = reason


class OAuthTimeoutError(OAuthRelayError):
    """No callback came in time."""


class OAuthConnectionError(OAuthRelayError):
    """The relay cannot be reached, or is not one to be trusted."""
