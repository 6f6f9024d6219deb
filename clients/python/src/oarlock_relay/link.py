"""One connection to a relay, whatever carries it."""

from typing import Any, Optional, Protocol

from .frames import Frame
from .settings import HttpsAddress, address_of, token_of


class LinkLost(Exception):
    """The connection ended without a last word; another may be made."""


class Link(Protocol):
    """Frames there and back. A link serves one registration, once."""

    async def register(self, frame: Frame) -> Frame:
        """Connects, sends REGISTER, and returns the first answer.

        Raises OAuthConnectionError: there is no relay to talk to. LinkLost: it ended the connection without an answer.
        """

    async def receive(self) -> Frame:
        """The next frame. Raises LinkLost; OAuthRelayError where the relay does not keep to its protocol."""

    async def send(self, frame: Frame) -> None:
        """Sends a frame. A connection that is broken is found by ``receive``."""

    def close(self) -> None:
        """Lets go of the connection at once."""


class LinkMaker:
    """Makes a link as often as one is needed."""

    def __init__(self, settings: Any) -> None:
        self.address = address_of(settings)
        self._token: Optional[str] = token_of(settings)

    def make(self) -> Link:
        """A new link, not yet connected."""
        if isinstance(self.address, HttpsAddress):
            from .https_link import HttpsLink  # TLS is loaded by those who use it.

            return HttpsLink(self.address, self._token)
        from .socket_link import SocketLink

        return SocketLink(self.address, self._token)
