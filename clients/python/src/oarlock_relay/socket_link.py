"""A Unix socket or TCP."""

import asyncio
from typing import Optional, Union

from .errors import OAuthConnectionError, OAuthRelayError
from .frames import MAX_LINE, Frame, decode, encode
from .link import LinkLost
from .local_user import check_directory, check_peer
from .settings import TcpAddress, UnixAddress

_CONNECT = 10.0
"""Seconds for connecting, and for the answer to REGISTER."""


class SocketLink:
    """A connection, and one registration on it."""

    def __init__(self, address: Union[UnixAddress, TcpAddress], token: Optional[str]) -> None:
        self._address = address
        self._token = token
        self._reader: Optional[asyncio.StreamReader] = None
        self._writer: Optional[asyncio.StreamWriter] = None

    async def register(self, frame: Frame) -> Frame:
        self._reader, self._writer = await self._connect()
        if isinstance(self._address, UnixAddress):
            check_peer(self._writer.get_extra_info("socket"), self._address.path)
        elif self._token:
            frame = Frame(frame, token=self._token)
        await self.send(frame)
        try:
            return await asyncio.wait_for(self.receive(), _CONNECT)
        except asyncio.TimeoutError:
            pass
        raise OAuthConnectionError(f"the OAuth relay at {self._address} does not answer")

    async def receive(self) -> Frame:
        assert self._reader is not None
        line: Optional[bytes] = None
        overlong = False
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            overlong = True
        except (OSError, asyncio.IncompleteReadError):
            pass
        # Raised out here, so that no error drags along the bytes that were read.
        if overlong:
            raise OAuthRelayError("the relay sent a line that is longer than its protocol allows")
        if line is None:
            raise LinkLost
        return decode(line)

    async def send(self, frame: Frame) -> None:
        assert self._writer is not None
        try:
            self._writer.write(encode(frame))
            await self._writer.drain()
        except OSError:
            pass

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            if isinstance(self._address, UnixAddress):
                check_directory(self._address.path)
                opening = asyncio.open_unix_connection(self._address.path, limit=MAX_LINE)
            else:
                opening = asyncio.open_connection(self._address.host, self._address.port, limit=MAX_LINE)
            return await asyncio.wait_for(opening, _CONNECT)
        except asyncio.TimeoutError:
            problem = f"Timeout connecting to OAuth relay at {self._address}"
        except FileNotFoundError:
            problem = f"OAuth relay socket not found at {self._address}"
        except OSError as error:
            problem = f"Cannot connect to OAuth relay at {self._address}: {error.strerror or error}"
        raise OAuthConnectionError(f"{problem}; is it running (`oarlock serve`), and is OARLOCK_RELAY right?")
