"""A registration at the relay, from REGISTER to the last word."""

import asyncio
import logging
import secrets
from types import TracebackType
from typing import Any, Optional

from .errors import OAuthConnectionError, OAuthRelayError, OAuthTimeoutError
from .frames import Frame, seconds, word
from .last_word import MEANING, PASSING, Forgotten, Passing, reason_of, refusal
from .link import Link, LinkLost, LinkMaker
from .result import RelayResult
from .settings import RelaySettings

_log = logging.getLogger("oarlock_relay")

_COME_BACK = 30.0
"""Seconds for which a lost relay is tried again: it may be restarting."""

_SLACK = 5.0
"""Seconds beyond two heartbeats after which a silent connection is given up."""

_PAUSE = 0.05
"""Least seconds before it is tried again."""

_FAREWELL = 2.0
"""Seconds for a program that leaves to tell the relay."""

_LAST_WORD = 10.0
"""Seconds to wait for the relay's answer to an acknowledgement."""

_LONGEST = 86_400.0
"""Most seconds that a registration asks for."""


def register(state: Optional[str] = None, timeout: Optional[float] = None, settings: Any = None) -> "Waiter":
    """Registers for the callback of one login, before its URL is shown to anybody.

    ::

        async with register(state) as waiter:
            print("Open", authorization_url(redirect_uri=waiter.callback_url, state=state))
            result = await waiter.wait()
            tokens = await exchange(result.code)
            await waiter.acknowledge()

    The browser is told "complete" by ``acknowledge``. Leaving without it tells the browser that the login failed.

    ``state``: the authorization request's; None: the relay's single slot, for providers that send none back.
    ``timeout``: seconds; None: the settings' default. ``settings``: a RelaySettings or any object with its first five
    names; None: the environment.
    """
    return Waiter(state, timeout, RelaySettings.from_environment() if settings is None else settings)


class Waiter:
    """A registration. It answers the relay's heartbeat and comes back by itself when the connection is lost."""

    def __init__(self, state: Optional[str], timeout: Optional[float], settings: Any) -> None:
        self._state = _checked(state)
        self._timeout = float(settings.oauth_default_timeout if timeout is None else timeout)
        self._links = LinkMaker(settings)
        self._secret = secrets.token_urlsafe(32)
        self._link: Optional[Link] = None
        """The link that takes frames now."""
        self._grace = 3.0
        self._silence = 60.0
        self._callback_url = ""
        self._deadline = 0.0
        self._delivery: Optional[str] = None
        self._delivered_on: Optional[Link] = None
        self._verdict: Optional[str] = None
        self._ended: Optional[str] = None
        """The reason of CLOSE."""

    def __repr__(self) -> str:
        phase = self._ended or ("delivered" if self._delivery else "waiting")
        return f"<Waiter at {self._links.address}: {phase}>"

    @property
    def callback_url(self) -> str:
        """The redirect URI that the provider must know, and the authorization request must name."""
        return self._callback_url

    async def __aenter__(self) -> "Waiter":
        if not self._timeout > 0:
            raise OAuthTimeoutError("no time is left to wait for an OAuth callback")
        loop = asyncio.get_running_loop()
        self._registered: asyncio.Future[None] = loop.create_future()
        self._result: asyncio.Future[RelayResult] = loop.create_future()
        self._keeper = asyncio.ensure_future(self._keep())
        try:
            await self._registered
        except BaseException:
            await self._stop()
            raise
        self._deadline = loop.time() + self._timeout
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            if not self._keeper.done() and self._verdict is None:
                await asyncio.wait_for(self._farewell(), _FAREWELL)
        except asyncio.TimeoutError:
            pass  # The relay finds out by itself.
        finally:
            await self._stop()

    async def wait(self) -> RelayResult:
        """Waits for the callback.

        Raises OAuthTimeoutError: none came in time. OAuthConnectionError: the relay was lost, and did not come back.
        OAuthRelayError: the relay says why not.
        """
        left = self._deadline - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait({self._result}, timeout=max(0.0, left))
        if not done:
            raise OAuthTimeoutError(f"Timeout waiting for OAuth callback after {self._timeout:g}s")
        return self._result.result()

    async def acknowledge(self) -> None:
        """Says that the program has the callback: the browser sees "Authorization Complete".

        Say it within ten seconds of ``wait``. Raises OAuthRelayError, with the reason ``unconfirmed`` where it came too
        late: the browser was told that the login failed. Where the relay is lost at this very moment, nobody knows what
        the browser was told; the program has its callback, and this returns.
        """
        failure = self._failure()
        if failure is not None:
            raise failure
        await self._judge("ACK")
        await asyncio.wait({self._keeper}, timeout=_LAST_WORD)
        if self._ended == "delivered":
            return
        failure = self._failure()
        if failure is not None and not isinstance(failure, OAuthConnectionError):
            raise failure
        _log.warning("the relay did not confirm the acknowledgement; what the browser was told is not known")

    async def reject(self) -> None:
        """Refuses the callback (a wrong ``iss``, a failed token request): the browser is told that the login failed."""
        await self._judge("REJECT")
        await asyncio.wait({self._keeper}, timeout=_LAST_WORD)

    async def _judge(self, verdict: str) -> None:
        if self._delivery is None:
            raise RuntimeError("there is no callback yet: wait() for it first")
        if self._verdict not in (None, verdict):
            raise RuntimeError("this callback was acknowledged or rejected before")
        if self._verdict is None:
            self._verdict = verdict
            # On a link that has not repeated the delivery yet, it is said when that comes.
            if self._link is self._delivered_on:
                await self._say(Frame(type=verdict, delivery=self._delivery))

    async def _farewell(self) -> None:
        if self._delivery is None:
            await self._say(Frame(type="UNREGISTER"))
        else:
            await self._judge("REJECT")
        await asyncio.wait({self._keeper})

    async def _say(self, frame: Frame) -> None:
        if self._link is not None:
            await self._link.send(frame)

    def _failure(self) -> Optional[BaseException]:
        if not self._keeper.done() or self._keeper.cancelled():
            return None
        return self._keeper.exception()

    async def _stop(self) -> None:
        # Before Python 3.12 a cancellation can go under when a frame comes at the same moment.
        self._ended = self._ended or "left"
        self._keeper.cancel()
        await asyncio.wait({self._keeper})
        for future in (self._registered, self._result):
            if not future.cancel() and not future.cancelled():
                future.exception()  # It was told to whoever asked.
        self._failure()

    # What runs beside the program.

    async def _keep(self) -> None:
        """Holds the registration until there is a last word."""
        try:
            await self._keep_linked()
        except Exception as error:
            self._fail(error)
            raise
        self._fail(OAuthRelayError(f"the relay ended the registration: {self._ended}", self._ended))

    def _fail(self, error: Exception) -> None:
        """For whoever still waits."""
        for future in (self._registered, self._result):
            if not future.done():
                future.set_exception(error)

    async def _keep_linked(self) -> None:
        loop = asyncio.get_running_loop()
        lost_at, pause = None, 0.0
        while self._ended is None:
            link = self._links.make()
            try:
                await self._register(link)
                lost_at, pause = None, 0.0
                while self._ended is None:
                    await self._hear(link)
            except Passing as passing:
                pause = max(pause, passing.retry_after)
            except LinkLost:
                pass
            except OAuthConnectionError as error:
                if not self._registered.done() or isinstance(error, Forgotten):
                    raise
            finally:
                self._link = None
                link.close()
            if self._ended is None:
                lost_at = loop.time() + pause if lost_at is None else lost_at
                if loop.time() > lost_at + (self._grace if self._verdict else _COME_BACK):
                    raise OAuthConnectionError(f"the OAuth relay at {self._links.address} was lost")
                _log.info("the connection to the relay was lost; coming back")
                pause = max(_PAUSE, pause)
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)

    async def _register(self, link: Link) -> None:
        first = not self._registered.done()
        left = self._timeout if first else max(1.0, self._deadline - asyncio.get_running_loop().time())
        frame = Frame(type="REGISTER", protocol=2, secret=self._secret, timeout=min(left, _LONGEST))
        if self._state is not None:
            frame["state"] = self._state
        try:
            answer = await link.register(frame)
        except LinkLost:
            if first:
                raise self._speaks_only_protocol_1() from None
            raise
        if answer["type"] != "REGISTERED":
            if first and answer["type"] == "ERROR" and reason_of(answer) not in MEANING:
                raise self._speaks_only_protocol_1()
            if first and reason_of(answer) in PASSING:
                raise refusal(answer)
            if answer["type"] not in ("CLOSE", "ERROR"):
                raise OAuthRelayError("the relay answered the registration with something else")
            self._take(answer)
            return
        self._grace = seconds(answer, "grace", 3.0)
        self._silence = 2 * seconds(answer, "heartbeat", 30.0) + _SLACK
        self._link = link
        if self._delivery is not None and answer.get("resumed") is not True:
            await link.send(Frame(type="UNREGISTER"))
            raise Forgotten("the OAuth relay was restarted, and does not know the callback any more")
        if first:
            self._callback_url = word(answer, "callback_url")
            self._registered.set_result(None)

    async def _hear(self, link: Link) -> None:
        try:
            frame = await asyncio.wait_for(link.receive(), self._silence)
        except asyncio.TimeoutError:
            raise LinkLost from None
        if frame["type"] == "PING":
            await link.send(Frame(type="PONG"))
        elif frame["type"] == "DELIVER":
            await self._deliver(link, frame)
        else:
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        """A frame that may be the last."""
        if frame["type"] not in ("CLOSE", "ERROR"):
            return
        reason = reason_of(frame)
        if reason in PASSING:
            raise Passing(seconds(frame, "retry_after", 0.0))
        if frame["type"] == "ERROR":
            raise refusal(frame)
        self._ended = reason
        if reason not in ("delivered", "rejected", "unregistered"):
            raise refusal(frame)

    async def _deliver(self, link: Link, frame: Frame) -> None:
        delivery, parameters, code = frame.get("delivery"), frame.get("parameters"), frame.get("code")
        if not isinstance(delivery, str) or not isinstance(parameters, dict) or not isinstance(code, (str, type(None))):
            raise OAuthRelayError("the relay sent a delivery that is none")
        if (frame.get("state") or None) != self._state or self._delivery not in (None, delivery):
            await link.send(Frame(type="REJECT", delivery=delivery))
            raise OAuthRelayError("the relay delivered a callback that is not for this registration")
        self._delivered_on = link
        if self._delivery is None:
            self._delivery = delivery
            raw = parameters if code is None else None
            self._result.set_result(RelayResult(code=code, raw=raw, parameters=parameters))
        elif self._verdict is not None:
            await link.send(Frame(type=self._verdict, delivery=delivery))

    def _speaks_only_protocol_1(self) -> OAuthConnectionError:
        return OAuthConnectionError(
            f"what is at {self._links.address} does not speak protocol 2 of Oarlock's relay: run `oarlock serve` there"
            " (poast-relay's server serves poast-relay's own client alone)"
        )


def _checked(state: Optional[str]) -> Optional[str]:
    """A state that the relay can take. The errors do not show it."""
    if state is None:
        return None
    if not isinstance(state, str):
        raise TypeError("a state is a str")
    size = len(state.encode("utf-8", "surrogatepass"))
    if not 1 <= size <= 4096 or any("\ud800" <= character <= "\udfff" for character in state):
        raise ValueError("a state has 1 to 4096 bytes of UTF-8")
    return state
