"""Programs without an event loop."""

import asyncio
import threading
import unittest

from oarlock_relay import OAuthConnectionError, wait_for_code_sync

from .scripted_web import CREATED, DELIVER, ScriptedWeb, closed, settings


class Sync(unittest.TestCase):
    def test_a_code_is_returned_from_any_thread(self) -> None:
        web = ScriptedWeb(PUT=[CREATED], GET=[DELIVER], POST=[closed("delivered")])
        self.addCleanup(web.close)
        codes = []
        thread = threading.Thread(target=lambda: codes.append(wait_for_code_sync("S", settings=settings(web)).code))
        thread.start()
        thread.join(20)
        codes.append(wait_for_code_sync("S", 5, settings(web)).code)
        self.assertEqual(codes, ["C", "C"])

    def test_errors_are_the_same(self) -> None:
        web = ScriptedWeb()
        web.close()
        with self.assertRaises(OAuthConnectionError):
            wait_for_code_sync("S", settings=settings(web))

    def test_within_an_event_loop_it_says_what_to_use(self) -> None:
        async def call() -> None:
            wait_for_code_sync("S")

        with self.assertRaisesRegex(RuntimeError, "await wait_for_code"):
            asyncio.run(call())
