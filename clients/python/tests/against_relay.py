"""Against a running relay, which the environment names: `OARLOCK_RELAY` and `OARLOCK_RELAY_TOKEN`.

    OARLOCK_RELAY=unix:/run/user/1000/oarlock/relay.sock python3 -m unittest tests.against_relay

`cargo nextest run -p oarlock-cli relay_python` starts relays and runs this over a Unix socket, TCP and HTTP.
"""

import asyncio
import os
import secrets
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from typing import Optional

from oarlock_relay import (
    OAuthRelayError,
    OAuthTimeoutError,
    Waiter,
    register,
    wait_for_code,
    wait_for_code_sync,
)

# Never through a proxy: the relay is on this machine.
BROWSER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
OVER_HTTP = os.environ["OARLOCK_RELAY"].startswith("http")


def visit(url: str) -> "tuple[int, str]":
    try:
        response = BROWSER.open(url, timeout=30)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return response.status, response.read().decode()


async def call_back(waiter: Waiter, state: Optional[str], **parameters: str) -> "tuple[int, str]":
    """What the provider makes the browser do; returns what the browser sees."""
    if state is not None:
        parameters["state"] = state
    return await asyncio.to_thread(visit, f"{waiter.callback_url}?{urllib.parse.urlencode(parameters)}")


async def lose(waiter: Waiter) -> None:
    """Cuts the connection under the waiter, as a network does."""
    assert waiter._link is not None
    waiter._link.close()


class AgainstRelay(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.state = secrets.token_urlsafe(32)

    async def test_the_browser_is_told_after_the_acknowledgement(self) -> None:
        async with register(self.state, 60) as waiter:
            browser = asyncio.ensure_future(call_back(waiter, self.state, code="C", iss="https://op.example"))
            result = await waiter.wait()
            self.assertEqual((result.code, result.parameters["iss"]), ("C", "https://op.example"))
            told, _ = await asyncio.wait({browser}, timeout=0.3)
            self.assertFalse(told, "the browser was told before the acknowledgement")
            await waiter.acknowledge()
        status, page = await browser
        self.assertEqual(status, 200)
        self.assertIn("Authorization Complete", page)

    async def test_one_call_is_enough(self) -> None:
        urls: list[str] = []
        waiting = asyncio.ensure_future(wait_for_code(self.state, on_registered=urls.append))
        while not urls:
            await asyncio.sleep(0.01)
        status, _ = await asyncio.to_thread(visit, f"{urls[0]}?code=C&state={self.state}")
        self.assertEqual((status, (await waiting).code), (200, "C"))

    async def test_a_refusal_reaches_the_program(self) -> None:
        async with register(self.state) as waiter:
            browser = asyncio.ensure_future(call_back(waiter, self.state, error="access_denied"))
            result = await waiter.wait()
            await waiter.acknowledge()
        self.assertEqual(result.raw, {"error": "access_denied", "state": self.state})
        self.assertNotIn("Authorization Complete", (await browser)[1])

    async def test_hostile_33_a_program_that_fails_is_no_success(self) -> None:
        browser = None
        with self.assertRaises(KeyError):
            async with register(self.state) as waiter:
                browser = asyncio.ensure_future(call_back(waiter, self.state, code="C"))
                await waiter.wait()
                raise KeyError("the token request failed")
        assert browser is not None
        status, page = await browser
        self.assertGreaterEqual(status, 400)
        self.assertNotIn("Authorization Complete", page)

    async def test_a_callback_comes_once(self) -> None:
        async with register(self.state) as waiter:
            browser = asyncio.ensure_future(call_back(waiter, self.state, code="C"))
            await waiter.wait()
            await waiter.acknowledge()
            self.assertEqual((await browser)[0], 200)
            self.assertEqual((await call_back(waiter, self.state, code="C"))[0], 404)

    async def test_whoever_leaves_waits_no_more(self) -> None:
        async with register(self.state) as waiter:
            pass
        self.assertEqual((await call_back(waiter, self.state, code="C"))[0], 404)

    async def test_hostile_20_a_second_program_for_a_state_is_refused(self) -> None:
        async with register(self.state) as waiter:
            with self.assertRaises(OAuthRelayError) as caught:
                await wait_for_code(self.state)
            self.assertEqual(caught.exception.reason, "state_in_use")
            browser = asyncio.ensure_future(call_back(waiter, self.state, code="C"))
            self.assertEqual((await waiter.wait()).code, "C")
            await waiter.acknowledge()
            self.assertEqual((await browser)[0], 200)

    async def test_a_lost_connection_comes_back_to_its_callback(self) -> None:
        async with register(self.state) as waiter:
            await lose(waiter)
            browser = asyncio.ensure_future(call_back(waiter, self.state, code="C"))
            self.assertEqual((await waiter.wait()).code, "C")
            await waiter.acknowledge()
            self.assertEqual((await browser)[0], 200)

    async def test_a_connection_that_is_lost_with_the_delivery_gets_it_again(self) -> None:
        async with register(self.state) as waiter:
            browser = asyncio.ensure_future(call_back(waiter, self.state, code="C"))
            result = await waiter.wait()
            await lose(waiter)
            await waiter.acknowledge()
            self.assertEqual((result.code, (await browser)[0]), ("C", 200))

    async def test_many_at_once_get_each_their_own(self) -> None:
        async def log_in(number: int) -> None:
            state = f"{self.state}-{number}"
            async with register(state) as waiter:
                browser = asyncio.ensure_future(call_back(waiter, state, code=f"C{number}"))
                self.assertEqual((await waiter.wait()).code, f"C{number}")
                await waiter.acknowledge()
                self.assertEqual((await browser)[0], 200)

        await asyncio.gather(*(log_in(number) for number in range(20)))

    async def test_a_timeout_is_an_error(self) -> None:
        started = time.monotonic()
        with self.assertRaises(OAuthTimeoutError):
            await wait_for_code(self.state, timeout=0.5)
        self.assertGreaterEqual(time.monotonic() - started, 0.4)

    async def test_the_single_slot(self) -> None:
        if OVER_HTTP:
            with self.assertRaisesRegex(OAuthRelayError, "no single slot"):
                await wait_for_code()
            return
        async with register() as waiter:
            code = secrets.token_urlsafe()
            browser = asyncio.ensure_future(call_back(waiter, None, code=code))
            self.assertEqual((await waiter.wait()).code, code)
            await waiter.acknowledge()
            self.assertEqual((await browser)[0], 200)

    def test_without_an_event_loop(self) -> None:
        with self.assertRaises(OAuthTimeoutError):
            wait_for_code_sync(secrets.token_urlsafe(32), timeout=0.2)
