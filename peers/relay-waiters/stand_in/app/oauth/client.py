"""What poast-relay's client module offers, written anew from docs/relay-protocol.md for the tests of this repository.

It is as strict as a program of protocol 1 may be: it reads one line of at most 64 KiB, takes no member that it does not
know, and closes as soon as it has the line.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any, Optional

from app.config import Settings

_MEMBERS = {"type", "state", "code", "raw", "error"}


class OAuthRelayError(Exception):
    """The relay gave no result."""


class OAuthTimeoutError(OAuthRelayError):
    """No callback in time."""


class OAuthConnectionError(OAuthRelayError):
    """No relay."""


@dataclass
class RelayResult:
    """A code, or everything that came without one."""

    code: Optional[str] = None
    raw: Optional[dict[str, Any]] = None

    @property
    def success(self) -> bool:
        return self.code is not None


async def wait_for_code(
    state: Optional[str] = None, timeout: Optional[float] = None, settings: Any = None
) -> RelayResult:
    """Registers, waits for one line, and closes."""
    settings = settings or _from_environment()
    reader, writer = await _connect(settings)
    try:
        register = {"type": "REGISTER"} if state is None else {"type": "REGISTER", "state": state}
        writer.write(json.dumps(register).encode() + b"\n")
        await writer.drain()
        patience = settings.oauth_default_timeout if timeout is None else timeout
        try:
            line = await asyncio.wait_for(reader.readline(), patience)
        except asyncio.TimeoutError:
            raise OAuthTimeoutError(f"nothing came in {patience} s") from None
    finally:
        writer.close()
    return _result(line)


def _result(line: bytes) -> RelayResult:
    if not line:
        raise OAuthRelayError("the relay closed without a result")
    frame = json.loads(line)
    unknown = set(frame) - _MEMBERS
    if unknown:
        raise TypeError(f"members that protocol 1 does not have: {sorted(unknown)}")
    if frame["type"] != "DELIVER":
        raise OAuthRelayError(f"the relay sent {frame['type']}")
    return RelayResult(frame.get("code"), frame.get("raw"))


async def _connect(settings: Any) -> "tuple[asyncio.StreamReader, asyncio.StreamWriter]":
    try:
        if settings.oauth_use_tcp:
            return await asyncio.open_connection(settings.oauth_tcp_host, settings.oauth_tcp_fallback_port)
        return await asyncio.open_unix_connection(settings.oauth_socket_path)
    except OSError as error:
        raise OAuthConnectionError(f"no relay: {error}") from error


def _from_environment() -> Settings:
    def variable(name: str, default: str) -> str:
        return os.environ.get("OAUTH_" + name, default)

    return Settings(
        oauth_socket_path=variable("SOCKET_PATH", Settings.oauth_socket_path),
        oauth_tcp_fallback_port=int(variable("TCP_FALLBACK_PORT", "9999")),
        oauth_default_timeout=float(variable("DEFAULT_TIMEOUT", "300.0")),
        oauth_use_tcp=variable("USE_TCP", "false").lower() in ("true", "1", "yes"),
        oauth_tcp_host=variable("TCP_HOST", "127.0.0.1"),
    )
