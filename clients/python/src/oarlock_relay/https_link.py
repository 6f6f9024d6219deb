"""HTTPS (docs/relay-protocol.md, "Over HTTPS"): frames as bodies, one request after the other."""

import asyncio
import base64
import hashlib
import http.client
import json
import socket
import ssl
import threading
import urllib.request
from typing import Any, Callable, Optional, TypeVar
from urllib.parse import unquote, urlsplit

from .errors import OAuthConnectionError, OAuthRelayError
from .frames import MAX_LINE, Frame, decode, seconds
from .link import LinkLost
from .settings import HttpsAddress

_T = TypeVar("_T")
_Answer = tuple[int, bytes, Optional[float]]

_ANSWER = 15.0
"""Seconds for an answer, beyond what a poll may wait."""

_ENDS = {"ACK": ("POST", "/acknowledgement"), "REJECT": ("POST", "/rejection"), "UNREGISTER": ("DELETE", "")}
"""Frames that end a registration, as requests."""


class HttpsLink:
    """A registration at a relay on another machine.

    Each request has a connection and a thread of its own: there are few, and a thread that still waits for an answer
    nobody wants any more holds up nothing, the end of the program included.
    """

    def __init__(self, address: HttpsAddress, token: Optional[str]) -> None:
        if token is None:
            raise OAuthConnectionError(f"the relay at {address} wants a bearer token: set OARLOCK_RELAY_TOKEN")
        self._address = address
        self._token = token
        self._path = ""
        self._secret = ""
        self._poll = 25
        self._ending = False
        self._last_words: asyncio.Queue[Optional[Frame]] = asyncio.Queue()
        self._open: set[http.client.HTTPConnection] = set()
        self._tls: Optional[ssl.SSLContext] = None

    async def register(self, frame: Frame) -> Frame:
        if "state" not in frame:
            raise OAuthRelayError("there is no single slot over HTTPS: give a state")
        digest = hashlib.sha256(frame["state"].encode()).digest()
        name = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self._path = f"{self._address.path}/relay/registrations/{name}"
        self._secret = frame["secret"]
        body = {name: frame[name] for name in ("secret", "timeout") if name in frame}
        try:
            answer = _frame(await self._request("PUT", "", body, _ANSWER))
        except OSError as error:
            reason = error.strerror or str(error)
            if isinstance(error, ssl.SSLCertVerificationError):
                reason = f"its certificate is not valid: {error.verify_message}"
        except (http.client.HTTPException, ValueError):
            reason = "what answers there speaks no HTTP"
        else:
            if answer is None:
                raise OAuthConnectionError(f"what answers at {self._address} is not an OAuth relay")
            self._poll = int(max(1, min(25, seconds(answer, "heartbeat", 30))))
            return answer
        raise OAuthConnectionError(f"Cannot connect to OAuth relay at {self._address}: {reason}")

    async def receive(self) -> Frame:
        if not self._ending:
            try:
                status, body, retry_after = await self._request(
                    "GET", f"?wait={self._poll}", None, self._poll + _ANSWER
                )
            except (OSError, http.client.HTTPException):
                status, body, retry_after = 0, b"", None
            if not self._ending:
                if status == 204:
                    return Frame(type="PONG")
                answer = _frame((status, body, retry_after))
                if answer is None or status == 404:
                    raise LinkLost
                # What is there is there until it is acknowledged: there is nothing more to ask for.
                self._ending = answer["type"] == "DELIVER"
                return answer
        last_word = await self._last_words.get()
        if last_word is None:
            raise LinkLost
        return last_word

    async def send(self, frame: Frame) -> None:
        if frame["type"] not in _ENDS:
            return
        self._ending = True
        method, path = _ENDS[frame["type"]]
        body = {"delivery": frame["delivery"]} if "delivery" in frame else None
        self._abort()
        answer: Optional[Frame] = None
        try:
            status, text, retry_after = await self._request(method, path, body, _ANSWER)
            if status != 404:
                answer = _frame((status, text, retry_after))
        except (OSError, http.client.HTTPException, OAuthRelayError):
            pass
        self._last_words.put_nowait(answer)

    def close(self) -> None:
        self._abort()

    def _abort(self) -> None:
        for connection in list(self._open):
            opened = getattr(connection, "sock", None)
            if opened is not None:
                try:
                    opened.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    async def _request(self, method: str, path: str, body: Optional[dict[str, Any]], timeout: float) -> _Answer:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", "Connection": "close"}
        if method != "PUT":
            headers["Relay-Secret"] = self._secret
        if body is not None:
            headers["Content-Type"] = "application/json"
        text = None if body is None else json.dumps(body).encode()

        def exchange() -> _Answer:
            connection = self._connection(timeout)
            self._open.add(connection)
            try:
                connection.request(method, self._path + path, body=text, headers=headers)
                response = connection.getresponse()
                return response.status, response.read(MAX_LINE + 1), _retry_after(response)
            finally:
                self._open.discard(connection)
                connection.close()

        return await _in_thread(exchange)

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if not self._address.tls:
            return http.client.HTTPConnection(host, port, timeout=timeout)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        proxy = urllib.request.getproxies().get("https")
        if not proxy or urllib.request.proxy_bypass(f"{host}:{port}"):
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)
        by = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if by.scheme != "http" or not by.hostname:
            raise OSError(f"the proxy for https is to be http://HOST:PORT, not {by.scheme}")
        tunnel = http.client.HTTPSConnection(by.hostname, by.port or 8080, timeout=timeout, context=self._tls)
        tunnel.set_tunnel(host, port, headers=_proxy_login(by.username, by.password))
        return tunnel


def _frame(answer: _Answer) -> Optional[Frame]:
    """The frame of an answer; None where it has none, as from a proxy that found no relay behind it."""
    status, body, retry_after = answer
    try:
        frame = decode(body)
    except OAuthRelayError:
        frame = None
    if frame is None and 200 <= status < 300:
        raise OAuthRelayError("the relay sent something that is not a frame of its protocol")
    if frame is not None and retry_after is not None:
        frame.setdefault("retry_after", retry_after)
    return frame


def _retry_after(response: http.client.HTTPResponse) -> Optional[float]:
    text = response.getheader("Retry-After") or ""
    return float(text) if text.isdecimal() and len(text) < 6 else None


def _proxy_login(user: Optional[str], password: Optional[str]) -> dict[str, str]:
    if user is None:
        return {}
    login = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login).decode()}


async def _in_thread(work: Callable[[], _T]) -> _T:
    """Runs something in a thread that nobody has to wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(result: Optional[_T], error: Optional[BaseException]) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: Optional[_T] = None
        failure: Optional[BaseException] = None
        try:
            result = work()
        except Exception as error:
            failure = error
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:
            pass  # The loop was closed: nobody wants the answer any more.

    threading.Thread(target=run, daemon=True, name="oarlock-relay").start()
    return await future
