"""Lost connections, restarted relays, and relays that misbehave."""

import asyncio
from unittest import mock

from oarlock_relay import OAuthConnectionError, OAuthRelayError, register, wait_for_code, waiter
from oarlock_relay.settings import UnixAddress

from .scripted_relay import Conversation, RelayCase

SECRET_LINE = b'{"type":"DELIVER","code":"THE-CODE"'


async def takes_the_acknowledgement(relay: Conversation) -> None:
    await relay.deliver()
    assert (await relay.hear("ACK"))["delivery"] == "d1"
    await relay.say("CLOSE", reason="delivered")


class LostConnections(RelayCase):
    async def test_it_comes_back_with_the_same_secret(self) -> None:
        async def first(relay: Conversation) -> None:
            frames.append(await relay.registered())

        async def second(relay: Conversation) -> None:
            frames.append(await relay.registered(resumed=True))
            await takes_the_acknowledgement(relay)

        frames: list[dict[str, str]] = []
        result = await wait_for_code(settings=await self.relay(first, second))
        self.assertEqual(result.code, "C")
        self.assertEqual(frames[0]["secret"], frames[1]["secret"])

    async def test_a_repeated_delivery_is_the_same_one(self) -> None:
        async def first(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()
            await lost.wait()

        async def second(relay: Conversation) -> None:
            await relay.registered(resumed=True)
            await relay.deliver()
            back.set()
            await relay.hear("ACK")
            await relay.say("CLOSE", reason="delivered")

        lost, back = asyncio.Event(), asyncio.Event()
        async with register(settings=await self.relay(first, second)) as waiting:
            result = await waiting.wait()
            lost.set()
            await back.wait()
            self.assertIs(await waiting.wait(), result)
            await waiting.acknowledge()

    async def test_an_acknowledgement_that_was_lost_is_repeated(self) -> None:
        async def first(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()
            await relay.hear("ACK")

        async def second(relay: Conversation) -> None:
            await relay.registered(resumed=True)
            await takes_the_acknowledgement(relay)

        self.assertEqual((await wait_for_code(settings=await self.relay(first, second))).code, "C")

    async def test_an_acknowledgement_that_had_come_is_confirmed_later(self) -> None:
        async def first(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()
            await relay.hear("ACK")

        async def second(relay: Conversation) -> None:
            await relay.hear("REGISTER")
            await relay.say("CLOSE", reason="delivered")

        self.assertEqual((await wait_for_code(settings=await self.relay(first, second))).code, "C")

    async def test_a_relay_that_is_restarted_gets_a_new_registration(self) -> None:
        async def first(relay: Conversation) -> None:
            await relay.registered()
            await relay.say("CLOSE", reason="shutdown", retry_after=0.1)

        async def second(relay: Conversation) -> None:
            await relay.hear("REGISTER")
            await relay.say("ERROR", error="temporarily_unavailable", retry_after=0.1)

        async def third(relay: Conversation) -> None:
            await relay.registered(resumed=False)
            await takes_the_acknowledgement(relay)

        self.assertEqual((await wait_for_code(settings=await self.relay(first, second, third))).code, "C")

    async def test_a_restart_after_the_acknowledgement_leaves_the_program_its_code(self) -> None:
        async def first(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()
            await relay.hear("ACK")

        async def second(relay: Conversation) -> None:
            await relay.registered(resumed=False)
            await relay.hear("UNREGISTER")

        settings = await self.relay(first, second)
        with self.assertLogs("oarlock_relay", "WARNING"):
            self.assertEqual((await wait_for_code(settings=settings)).code, "C")

    async def test_hostile_34_a_callback_that_the_relay_forgot_is_an_error(self) -> None:
        async def first(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()

        async def second(relay: Conversation) -> None:
            await relay.registered(resumed=False)
            await relay.hear("UNREGISTER")
            gone.set()
            assert await relay.hear_end() == b""

        gone = asyncio.Event()
        async with register(settings=await self.relay(first, second)) as waiting:
            await waiting.wait()
            await gone.wait()
            await asyncio.wait({waiting._keeper}, timeout=10)
            with self.assertRaisesRegex(OAuthConnectionError, "restarted"):
                await waiting.acknowledge()

    async def test_a_relay_that_is_lost_for_good_is_a_connection_error(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()

        settings = await self.relay(script)
        with mock.patch.object(waiter, "_COME_BACK", 0.3):
            async with register(settings=settings) as waiting:
                waiting._links.address = UnixAddress("/nowhere/relay.sock")
                with self.assertRaisesRegex(OAuthConnectionError, "was lost"):
                    await waiting.wait()

    async def test_a_relay_that_is_lost_at_the_acknowledgement_leaves_the_program_its_code(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered(grace=0.2)
            await relay.deliver()
            await relay.hear("ACK")
            waiting._links.address = UnixAddress("/nowhere/relay.sock")

        async with register(settings=await self.relay(script)) as waiting:
            await waiting.wait()
            with self.assertLogs("oarlock_relay", "WARNING"):
                await waiting.acknowledge()

    async def test_a_silent_connection_is_given_up(self) -> None:
        async def first(relay: Conversation) -> None:
            await relay.registered(heartbeat=0)
            assert await relay.hear_end() == b""

        async def second(relay: Conversation) -> None:
            await relay.registered(resumed=True)
            await takes_the_acknowledgement(relay)

        with mock.patch.object(waiter, "_SLACK", 0.1):
            self.assertEqual((await wait_for_code(settings=await self.relay(first, second))).code, "C")

    async def test_hostile_33_an_acknowledgement_that_came_too_late_is_an_error(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()
            await relay.hear("ACK")
            await relay.say("CLOSE", reason="unconfirmed")

        with self.assertRaises(OAuthRelayError) as caught:
            await wait_for_code(settings=await self.relay(script))
        self.assertEqual(caught.exception.reason, "unconfirmed")

    async def test_a_registration_that_was_taken_over_is_an_error(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.say("CLOSE", reason="replaced")

        with self.assertRaises(OAuthRelayError) as caught:
            await wait_for_code(settings=await self.relay(script))
        self.assertEqual(caught.exception.reason, "replaced")


class Misbehaviour(RelayCase):
    async def refused(self, line: bytes, pattern: str = "not a frame") -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.say_bytes(line)
            await relay.hear_end()

        with self.assertRaisesRegex(OAuthRelayError, pattern) as caught:
            await wait_for_code("S", settings=await self.relay(script))
        error: BaseException | None = caught.exception
        while error is not None:
            self.assertNotIn("THE-CODE", f"{error!r} {vars(error)!r} {error.args!r}")
            self.assertFalse(getattr(error, "doc", None) or getattr(error, "object", None), repr(error))
            error = error.__context__

    async def test_hostile_03_a_line_without_end_is_refused(self) -> None:
        await self.refused(b'{"type":"DELIVER","code":"' + b"x" * 70_000 + b'"}\n', "longer")

    async def test_hostile_03_what_is_no_frame_is_refused_and_not_quoted(self) -> None:
        for line in (
            b"THE-CODE\n",
            SECRET_LINE + b"\n",
            SECRET_LINE + b"\xff}\n",
            SECRET_LINE + b',"code":"other"}\n',
            SECRET_LINE + b',"x":' + b"[" * 17 + b"]" * 17 + b"}\n",
            SECRET_LINE + b',"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}\n",
            SECRET_LINE + b',"x":NaN}\n',
            b'["DELIVER","THE-CODE"]\n',
            b'{"code":"THE-CODE"}\n',
            b"\n",
        ):
            with self.subTest(line=line[:60]):
                await self.refused(line)

    async def test_a_delivery_that_lacks_something_is_refused(self) -> None:
        for line in (
            SECRET_LINE + b"}\n",
            SECRET_LINE + b',"delivery":"d","parameters":[]}\n',
            b'{"type":"DELIVER","delivery":"d","code":["THE-CODE"],"parameters":{}}\n',
        ):
            with self.subTest(line=line):
                await self.refused(line, "a delivery that is none")

    async def test_a_callback_of_another_login_is_rejected(self) -> None:
        for state in ({"state": "other"}, {}):

            async def script(relay: Conversation, state: "dict[str, str]" = state) -> None:
                await relay.registered()
                await relay.deliver(code="C", parameters={"code": "C"}, **state)
                await relay.hear("REJECT")

            with self.assertRaisesRegex(OAuthRelayError, "not for this registration"):
                await wait_for_code("S", settings=await self.relay(script))

    async def test_an_answer_that_is_none_does_not_hang(self) -> None:
        for line in (b'{"type":"PING"}\n', b'{"type":"CLOSE","reason":"delivered"}\n', b'{"type":"CLOSE"}\n'):

            async def script(relay: Conversation, line: bytes = line) -> None:
                await relay.hear("REGISTER")
                await relay.say_bytes(line)
                await relay.hear_end()

            with self.subTest(line=line), self.assertRaises(OAuthRelayError):
                await asyncio.wait_for(wait_for_code(settings=await self.relay(script)), 5)
