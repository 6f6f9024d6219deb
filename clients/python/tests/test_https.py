"""Over HTTPS."""

import asyncio
import base64
import hashlib
import os
import threading
import time
from typing import Any
from unittest import IsolatedAsyncioTestCase, mock

from oarlock_relay import OAuthConnectionError, OAuthRelayError, OAuthTimeoutError, register, wait_for_code

from .scripted_relay import REGISTERED
from .scripted_web import CERTIFICATE, CREATED, DELIVER, ScriptedWeb, closed, settings, when

DIGEST = base64.urlsafe_b64encode(hashlib.sha256(b"S").digest()).rstrip(b"=").decode()
RESUMED = (200, {**REGISTERED, "resumed": True})
NONE = (404, {"type": "ERROR", "error": "invalid_request"})


class WebCase(IsolatedAsyncioTestCase):
    def web(self, tls: bool = False, **answers: Any) -> ScriptedWeb:
        web = ScriptedWeb(tls, **answers)
        self.addCleanup(web.close)
        return web


class Waiting(WebCase):
    async def test_a_code_is_asked_for_and_acknowledged(self) -> None:
        web = self.web(PUT=[CREATED], GET=[(204, None), (204, None), DELIVER], POST=[closed("delivered")])
        result = await wait_for_code("S", 60, settings(web))
        self.assertEqual(result.code, "C")
        self.assertEqual(web.methods(), ["PUT", "GET", "POST"])
        address = f"/base/relay/registrations/{DIGEST}"
        (put, get, *_, post) = web.requests
        self.assertEqual((put[1], get[1], post[1]), (address, address + "?wait=25", address + "/acknowledgement"))
        self.assertEqual((put[3]["timeout"], post[3]), (60, {"delivery": "d1"}))
        for _, path, headers, _ in web.requests:
            self.assertEqual(headers["Authorization"], "Bearer t0ken")
            self.assertNotIn(put[3]["secret"], path)
        self.assertNotIn("Relay-Secret", put[2])
        self.assertEqual({get[2]["Relay-Secret"], post[2]["Relay-Secret"]}, {put[3]["secret"]})

    async def test_a_rejection_is_said(self) -> None:
        web = self.web(PUT=[CREATED], GET=[DELIVER], POST=[closed("rejected")])
        async with register("S", settings=settings(web)) as waiter:
            await waiter.wait()
        self.assertTrue(web.requests[-1][1].endswith("/rejection"))

    async def test_a_timeout_ends_the_poll_and_unregisters(self) -> None:
        poll = threading.Event()
        web = self.web(PUT=[CREATED], GET=[when(poll, (204, None))], DELETE=[closed("unregistered")])
        started = time.monotonic()
        with self.assertRaises(OAuthTimeoutError):
            await wait_for_code("S", 0.2, settings(web))
        self.assertLess(time.monotonic() - started, 10)
        poll.set()
        self.assertEqual(web.methods(), ["PUT", "GET", "DELETE"])

    async def test_the_heartbeat_limits_a_poll(self) -> None:
        web = self.web(PUT=[(201, {**REGISTERED, "heartbeat": 2})], GET=[DELIVER], POST=[closed("delivered")])
        await wait_for_code("S", settings=settings(web))
        self.assertTrue(web.requests[1][1].endswith("?wait=2"))

    async def test_there_is_no_single_slot(self) -> None:
        web = self.web()
        with self.assertRaisesRegex(OAuthRelayError, "no single slot"):
            await wait_for_code(settings=settings(web))

    async def test_a_token_is_needed(self) -> None:
        with self.assertRaisesRegex(OAuthConnectionError, "OARLOCK_RELAY_TOKEN"):
            await wait_for_code("S", settings=settings(self.web(), token=None))


class BadDays(WebCase):
    async def test_polls_that_fail_are_made_again(self) -> None:
        web = self.web(
            PUT=[CREATED, (502, b"<h1>Bad gateway</h1>"), RESUMED],
            GET=[(502, b"<h1>Bad gateway</h1>"), DELIVER],
            POST=[closed("delivered")],
        )
        self.assertEqual((await wait_for_code("S", settings=settings(web))).code, "C")
        self.assertEqual(web.methods(), ["PUT", "GET", "PUT", "GET", "POST"])
        self.assertEqual(len({body["secret"] for method, _, _, body in web.requests if method == "PUT"}), 1)

    async def test_a_relay_that_was_restarted_is_told_again(self) -> None:
        web = self.web(PUT=[CREATED], GET=[NONE, DELIVER], POST=[closed("delivered")])
        self.assertEqual((await wait_for_code("S", settings=settings(web))).code, "C")

    async def test_a_relay_that_stops_is_come_back_to(self) -> None:
        stop = (503, {"type": "CLOSE", "reason": "shutdown", "retry_after": 0.1})
        web = self.web(PUT=[CREATED, RESUMED], GET=[stop, DELIVER], POST=[closed("delivered")])
        self.assertEqual((await wait_for_code("S", settings=settings(web))).code, "C")

    async def test_an_acknowledgement_whose_answer_was_lost_is_repeated(self) -> None:
        web = self.web(PUT=[CREATED, RESUMED], GET=[DELIVER], POST=[(502, b""), closed("delivered")])
        self.assertEqual((await wait_for_code("S", settings=settings(web))).code, "C")
        self.assertEqual(web.methods(), ["PUT", "GET", "POST", "PUT", "GET", "POST"])

    async def test_hostile_33_an_acknowledgement_that_came_too_late_is_an_error(self) -> None:
        late = (409, {"type": "CLOSE", "reason": "unconfirmed"})
        web = self.web(PUT=[CREATED], GET=[DELIVER], POST=[late])
        with self.assertRaises(OAuthRelayError) as caught:
            await wait_for_code("S", settings=settings(web))
        self.assertEqual(caught.exception.reason, "unconfirmed")

    async def test_a_registration_that_ended_is_an_error(self) -> None:
        web = self.web(PUT=[CREATED], GET=[(410, {"type": "CLOSE", "reason": "expired"})])
        with self.assertRaises(OAuthTimeoutError):
            await wait_for_code("S", settings=settings(web))

    async def test_what_the_relay_refuses_has_its_word(self) -> None:
        for status, word in ((401, "invalid_token"), (409, "state_in_use"), (429, "too_many_registrations")):
            web = self.web(PUT=[(status, {"type": "ERROR", "error": word})])
            with self.assertRaises(OAuthRelayError) as caught:
                await wait_for_code("S", settings=settings(web))
            self.assertEqual(caught.exception.reason, word)

    async def test_a_redirect_is_not_followed(self) -> None:
        web = self.web(PUT=[(307, b"")])
        with self.assertRaisesRegex(OAuthConnectionError, "not an OAuth relay"):
            await wait_for_code("S", settings=settings(web))
        self.assertEqual(len(web.requests), 1)

    async def test_hostile_03_a_body_that_is_none_is_refused(self) -> None:
        for body in (b"x" * 100_000, b"[]", b""):
            web = self.web(PUT=[CREATED], GET=[(200, body)], DELETE=[closed("unregistered")])
            with self.assertRaisesRegex(OAuthRelayError, "not a frame"):
                await wait_for_code("S", settings=settings(web))

    async def test_no_relay_is_a_connection_error(self) -> None:
        web = self.web()
        web.port = 1
        with self.assertRaisesRegex(OAuthConnectionError, "Cannot connect to OAuth relay at http://127.0.0.1:1/base"):
            await wait_for_code("S", settings=settings(web))

    def test_a_program_ends_while_a_poll_is_out(self) -> None:
        poll = threading.Event()
        web = self.web(PUT=[CREATED], GET=[when(poll, (204, None))], DELETE=[when(poll, (204, None))])

        async def begin() -> None:
            asyncio.ensure_future(wait_for_code("S", settings=settings(web)))
            while len(web.requests) < 2:
                await asyncio.sleep(0.01)

        started = time.monotonic()
        asyncio.run(begin())
        self.assertLess(time.monotonic() - started, 10)
        poll.set()


class Certificates(WebCase):
    """The system's roots are those of OpenSSL, which SSL_CERT_FILE replaces."""

    async def test_one_that_is_trusted_for_this_host_is_good(self) -> None:
        web = self.web(True, PUT=[CREATED], GET=[DELIVER], POST=[closed("delivered")])
        with mock.patch.dict(os.environ, SSL_CERT_FILE=CERTIFICATE, no_proxy="*"):
            self.assertEqual((await wait_for_code("S", settings=settings(web, "https"))).code, "C")

    async def test_one_that_nobody_vouches_for_is_refused(self) -> None:
        web = self.web(True)
        with mock.patch.dict(os.environ, no_proxy="*"):
            with self.assertRaisesRegex(OAuthConnectionError, "certificate is not valid"):
                await wait_for_code("S", settings=settings(web, "https"))
        self.assertEqual(web.requests, [])

    async def test_one_of_another_host_is_refused(self) -> None:
        web = self.web(True)
        with mock.patch.dict(os.environ, SSL_CERT_FILE=CERTIFICATE, no_proxy="*"):
            with self.assertRaisesRegex(OAuthConnectionError, "certificate is not valid"):
                await wait_for_code("S", settings=settings(web, "https", "localhost"))
        self.assertEqual(web.requests, [])
