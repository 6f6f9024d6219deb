"""Where the relay is: from an object, or from the environment."""

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, NoReturn, Optional, Union
from urllib.parse import urlsplit

from .errors import OAuthConnectionError
from .local_user import is_ours_alone

_YES = ("true", "t", "yes", "y", "on", "1")
_NO = ("false", "f", "no", "n", "off", "0")


@dataclass(frozen=True)
class RelaySettings:
    """Everything this client can be told. Any object with the first five names will do in its place."""

    oauth_socket_path: str
    """The Unix socket."""

    oauth_tcp_fallback_port: int = 9999
    """The port, where TCP is used."""

    oauth_default_timeout: float = 300.0
    """Seconds to wait where a call names none."""

    oauth_use_tcp: bool = False
    """TCP in place of the Unix socket; on Windows always."""

    oauth_tcp_host: str = "127.0.0.1"
    """The host, where TCP is used."""

    oauth_relay: Optional[str] = None
    """``unix:PATH``, ``tcp://HOST:PORT`` or ``https://HOST``: wins over socket, host and port."""

    oauth_relay_token: Optional[str] = field(default=None, repr=False)
    """The bearer token. It is sent over TCP and HTTPS only."""

    @classmethod
    def from_environment(cls, environ: Optional[Mapping[str, str]] = None) -> "RelaySettings":
        """Reads ``OARLOCK_RELAY_…``, and ``OAUTH_…`` where that is not set.

        Raises OAuthConnectionError: a value is not what it should be.
        """
        environment = _Environment(os.environ if environ is None else environ)
        return cls(
            oauth_socket_path=environment.path("SOCKET_PATH") or environment.default_socket(),
            oauth_tcp_fallback_port=environment.port("TCP_FALLBACK_PORT", 9999),
            oauth_default_timeout=environment.seconds("DEFAULT_TIMEOUT", 300.0),
            oauth_use_tcp=environment.truth("USE_TCP", False),
            oauth_tcp_host=environment.text("TCP_HOST") or "127.0.0.1",
            oauth_relay=environment.plain("OARLOCK_RELAY"),
            oauth_relay_token=environment.token(),
        )


@dataclass(frozen=True)
class UnixAddress:
    """A socket of this machine."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class TcpAddress:
    """A port, in clear text."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class HttpsAddress:
    """A relay's public URL."""

    tls: bool
    host: str
    port: int
    path: str
    """Without a slash at its end."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.path}"


Address = Union[UnixAddress, TcpAddress, HttpsAddress]


def address_of(settings: Any) -> Address:
    """Which relay the settings mean. Raises OAuthConnectionError: none that there can be."""
    relay = getattr(settings, "oauth_relay", None)
    if relay:
        return _parse(str(relay))
    if settings.oauth_use_tcp or platform.system() == "Windows":
        return TcpAddress(str(settings.oauth_tcp_host), int(settings.oauth_tcp_fallback_port))
    return UnixAddress(str(settings.oauth_socket_path))


def token_of(settings: Any) -> Optional[str]:
    """The bearer token. Raises OAuthConnectionError: a text that is none, which no message may quote."""
    token = getattr(settings, "oauth_relay_token", None)
    if not token:
        return None
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]{1,4096}=*", str(token)):
        raise OAuthConnectionError("the relay's token is no bearer token (OARLOCK_RELAY_TOKEN)")
    return str(token)


def _parse(relay: str) -> Address:
    if relay.startswith("unix:"):
        path = relay[len("unix:") :]
        path = path[2:] if path.startswith("//") else path
        return UnixAddress(path) if path.startswith("/") else _no_address()
    try:
        parts = urlsplit(relay)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.username is not None or parts.query or parts.fragment:
        return _no_address()
    path = parts.path.rstrip("/")
    if parts.scheme == "tcp" and not path:
        return TcpAddress(host, port or 9999)
    if parts.scheme == "https":
        return HttpsAddress(True, host, port or 443, path)
    if parts.scheme == "http" and _is_loopback(host):
        return HttpsAddress(False, host, port or 80, path)
    return _no_address()


def _no_address() -> NoReturn:
    raise OAuthConnectionError(
        "the relay's address is to be unix:/PATH, tcp://HOST:PORT or https://HOST (OARLOCK_RELAY);"
        " http:// is for loopback addresses alone"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Environment:
    """Variables; an empty one is not set."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def plain(self, name: str) -> Optional[str]:
        return self._variables.get(name) or None

    def text(self, name: str) -> Optional[str]:
        return self.plain("OARLOCK_RELAY_" + name) or self.plain("OAUTH_" + name)

    def path(self, name: str) -> Optional[str]:
        text = self.text(name)
        if text is None or os.path.isabs(text):
            return text
        raise self._wrong(name, "an absolute path")

    def port(self, name: str, default: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if text.strip().isdecimal() and 0 < int(text) < 65_536:
            return int(text)
        raise self._wrong(name, "a port, such as 9999")

    def seconds(self, name: str, default: float) -> float:
        text = self.text(name)
        try:
            value = default if text is None else float(text)
        except ValueError:
            value = -1.0
        if 0 < value < float("inf"):
            return value
        raise self._wrong(name, "a number of seconds, such as 300")

    def truth(self, name: str, default: bool) -> bool:
        text = self.text(name)
        if text is None:
            return default
        if text.strip().lower() in _YES + _NO:
            return text.strip().lower() in _YES
        raise self._wrong(name, "true or false")

    def token(self) -> Optional[str]:
        token = self.plain("OARLOCK_RELAY_TOKEN")
        file = self.plain("OARLOCK_RELAY_TOKEN_FILE")
        if token or not file:
            return token
        try:
            with open(file, encoding="ascii") as opened:
                if not is_ours_alone(os.fstat(opened.fileno())):
                    raise OAuthConnectionError(f"OARLOCK_RELAY_TOKEN_FILE: {file} is not yours alone: chmod 600 {file}")
                return opened.read(65_536).strip()
        except (OSError, ValueError):
            pass
        raise OAuthConnectionError(f"OARLOCK_RELAY_TOKEN_FILE: {file} cannot be read, or is no token")

    def default_socket(self) -> str:
        """As the relay itself has it."""
        home = self.plain("OARLOCK_HOME")
        if home:
            return os.path.join(home, "run", "relay.sock")
        runtime = self.plain("XDG_RUNTIME_DIR")
        if runtime:
            return os.path.join(runtime, "oarlock", "relay.sock")
        state = self.plain("XDG_STATE_HOME") or os.path.expanduser(os.path.join("~", ".local", "state"))
        return os.path.join(state, "oarlock", "run", "relay.sock")

    def _wrong(self, name: str, right: str) -> OAuthConnectionError:
        variable = "OARLOCK_RELAY_" + name
        if not self.plain(variable):
            variable = "OAUTH_" + name
        return OAuthConnectionError(f"{variable} is to be {right}")
