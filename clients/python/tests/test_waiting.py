"""A registration that goes as it should, and the ways in which it ends."""

import asyncio
import logging

from oarlock_relay import (
    OAuthConnectionError,
    OAuthRelayError,
    OAuthTimeoutError,
    RelayResult,
    register,
    wait_for_code,
)

from .scripted_relay import Conversation, RelayCase


async def delivers(relay: Conversation) -> None:
    await relay.registered()
    await relay.deliver(state="S", code="C", parameters={"code": "C", "state": "S", "iss": "https://op.example"})
    assert (await relay.hear("ACK"))["delivery"] == "d1"
    await relay.say("CLOSE", reason="delivered")


class Waiting(RelayCase):
    async def test_a_code_is_acknowledged_and_returned(self) -> None:
        result = await wait_for_code("S", settings=await self.relay(delivers))
        self.assertEqual((result.code, result.raw, result.success), ("C", None, True))
        self.assertEqual(result.parameters["iss"], "https://op.example")

    async def test_a_refusal_comes_as_raw(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver(state="S", parameters={"error": "access_denied", "state": "S"})
            await relay.hear("ACK")
            await relay.say("CLOSE", reason="delivered")

        result = await wait_for_code("S", settings=await self.relay(script))
        self.assertEqual((result.code, result.success), (None, False))
        self.assertEqual(result.raw, {"error": "access_denied", "state": "S"})

    async def test_the_single_slot_has_no_state(self) -> None:
        async def script(relay: Conversation) -> None:
            assert "state" not in await relay.registered()
            await relay.deliver()
            await relay.hear("ACK")
            await relay.say("CLOSE", reason="delivered")

        self.assertEqual((await wait_for_code(settings=await self.relay(script))).code, "C")

    async def test_registering_says_what_the_relay_needs(self) -> None:
        async def script(relay: Conversation) -> None:
            frame = await relay.registered()
            assert frame["protocol"] == 2 and frame["timeout"] == 7 and "token" not in frame
            assert len(frame["secret"]) >= 22
            secrets.append(frame["secret"])
            await relay.hear("UNREGISTER")
            await relay.say("CLOSE", reason="unregistered")

        secrets: list[str] = []
        settings = await self.relay(script, script, oauth_relay_token="t" * 30)
        for _ in range(2):
            async with register("S", 7, settings) as waiter:
                self.assertEqual(waiter.callback_url, "https://login.example.com/oauth/callback")
        self.assertNotEqual(secrets[0], secrets[1])

    async def test_the_url_is_shown_after_the_registration(self) -> None:
        seen: list[str] = []
        await wait_for_code("S", settings=await self.relay(delivers), on_registered=seen.append)
        self.assertEqual(seen, ["https://login.example.com/oauth/callback"])

    async def test_a_ping_is_answered_at_any_time(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.say("PING")
            await relay.hear("PONG")
            await relay.deliver()
            await relay.say("PING")
            await relay.hear("PONG")
            answered.set()
            await relay.hear("ACK")
            await relay.say("CLOSE", reason="delivered")

        answered = asyncio.Event()
        async with register(settings=await self.relay(script)) as waiter:
            await answered.wait()
            await waiter.wait()
            await waiter.acknowledge()

    async def test_members_and_types_that_are_new_are_passed_over(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered(new=[1])
            await relay.say("NEWS", of="tomorrow")
            await relay.deliver(code="C", parameters={}, new={"x": None})
            await relay.hear("ACK")
            await relay.say("CLOSE", reason="delivered", new=1)

        self.assertEqual((await wait_for_code(settings=await self.relay(script))).code, "C")

    async def test_nothing_in_time_is_a_timeout(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.hear("UNREGISTER")
            await relay.say("CLOSE", reason="unregistered")

        with self.assertRaisesRegex(OAuthTimeoutError, "Timeout waiting for OAuth callback after 0.2s"):
            await wait_for_code(timeout=0.2, settings=await self.relay(script))

    async def test_a_relay_that_lets_nobody_wait_longer_is_a_timeout(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.say("CLOSE", reason="expired")

        with self.assertRaises(OAuthTimeoutError):
            await wait_for_code(settings=await self.relay(script))

    async def test_no_time_left_is_a_timeout_before_anything_is_sent(self) -> None:
        for timeout in (0, -1, float("nan")):
            with self.assertRaises(OAuthTimeoutError):
                await wait_for_code(timeout=timeout, settings=await self.relay())
        self.assertEqual(self.connections, 0)

    async def test_what_the_relay_refuses_has_its_word(self) -> None:
        for word in ("state_in_use", "too_many_registrations", "invalid_token", "temporarily_unavailable"):

            async def script(relay: Conversation, word: str = word) -> None:
                await relay.hear("REGISTER")
                await relay.say("ERROR", error=word, error_description="no\x1b[31m\u202e", retry_after=1)

            with self.assertRaises(OAuthRelayError) as caught:
                await wait_for_code("S", settings=await self.relay(script))
            self.assertEqual(caught.exception.reason, word)
            self.assertNotIsInstance(caught.exception, OAuthTimeoutError)
            self.assertTrue(str(caught.exception).isprintable(), str(caught.exception))

    async def test_no_relay_is_a_connection_error(self) -> None:
        settings = await self.relay()
        settings.oauth_socket_path += ".none"
        with self.assertRaisesRegex(OAuthConnectionError, "OAuth relay socket not found"):
            await wait_for_code(settings=settings)
        settings.oauth_use_tcp, settings.oauth_tcp_fallback_port = True, 1
        with self.assertRaisesRegex(OAuthConnectionError, "Cannot connect to OAuth relay at 127.0.0.1:1"):
            await wait_for_code(settings=settings)

    async def test_a_relay_of_protocol_1_alone_is_named_as_such(self) -> None:
        async def closes(relay: Conversation) -> None:
            await relay.hear("REGISTER")

        async def complains(relay: Conversation) -> None:
            await relay.hear("REGISTER")
            await relay.say("ERROR", error="Unknown field: protocol")

        for script in (closes, complains):
            with self.assertRaisesRegex(OAuthConnectionError, "does not speak protocol 2"):
                await wait_for_code("S", settings=await self.relay(script))

    async def test_a_state_that_is_none_is_refused_here(self) -> None:
        settings = await self.relay()
        for state in ("", "x" * 4097, "\ud800"):
            with self.assertRaises(ValueError):
                await wait_for_code(state, settings=settings)
        with self.assertRaises(TypeError):
            await wait_for_code(1, settings=settings)  # type: ignore[arg-type]
        self.assertEqual(self.connections, 0)


class Leaving(RelayCase):
    """What the relay hears when a program is done, one way or another."""

    async def test_a_program_that_is_cancelled_unregisters(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.hear("UNREGISTER")
            await relay.say("CLOSE", reason="unregistered")

        ready = asyncio.Event()
        settings = await self.relay(script)
        task = asyncio.ensure_future(wait_for_code(settings=settings, on_registered=lambda url: ready.set()))
        await ready.wait()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task

    async def test_a_relay_that_says_nothing_more_does_not_hold_it_up(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.hear("UNREGISTER")
            assert await relay.hear_end() == b""

        async with register(settings=await self.relay(script)):
            pass

    async def test_a_rejection_is_said_at_once(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()
            assert (await relay.hear("REJECT"))["delivery"] == "d1"
            await relay.say("CLOSE", reason="rejected")
            assert await relay.hear_end() == b""

        async with register(settings=await self.relay(script)) as waiter:
            await waiter.wait()
            await waiter.reject()
            with self.assertRaises(RuntimeError):
                await waiter.acknowledge()

    async def test_hostile_33_a_program_that_fails_after_the_delivery_rejects_it(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()
            await relay.hear("REJECT")
            await relay.say("CLOSE", reason="rejected")

        with self.assertRaises(KeyError):
            async with register(settings=await self.relay(script)) as waiter:
                await waiter.wait()
                raise KeyError("the token request failed")

    async def test_leaving_without_a_word_rejects_it(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.deliver()
            await relay.hear("REJECT")
            await relay.say("CLOSE", reason="rejected")

        async with register(settings=await self.relay(script)) as waiter:
            await waiter.wait()

    async def test_nothing_is_acknowledged_that_did_not_come(self) -> None:
        async def script(relay: Conversation) -> None:
            await relay.registered()
            await relay.hear("UNREGISTER")
            await relay.say("CLOSE", reason="unregistered")

        async with register(settings=await self.relay(script)) as waiter:
            with self.assertRaises(RuntimeError):
                await waiter.acknowledge()


class Secrecy(RelayCase):
    async def test_nothing_that_can_be_printed_shows_a_value(self) -> None:
        async def script(relay: Conversation) -> None:
            secret.append((await relay.registered())["secret"])
            await relay.deliver(state="STATE", code="CODE", parameters={"code": "CODE", "state": "STATE"})
            await relay.hear("ACK")
            await relay.say("CLOSE", reason="delivered")

        secret: list[str] = []
        settings = await self.relay(script)
        with self.assertLogs(level=logging.DEBUG) as logs:
            logging.getLogger().debug("there is a line")
            async with register("STATE", settings=settings) as waiter:
                result = await waiter.wait()
                shown = [repr(waiter), repr(result), str(result), f"{vars(waiter)['_links']!r}"]
                await waiter.acknowledge()
        for text in [*shown, *logs.output]:
            for value in ("CODE", "STATE", secret[0]):
                self.assertNotIn(value, text)

    def test_a_result_shows_the_names_alone(self) -> None:
        result = RelayResult(code="C0DE", parameters={"code": "C0DE", "a\x1b[2J": "v4lue"})
        self.assertNotRegex(repr(result), "C0DE|v4lue|\x1b")
        self.assertIn("'code'", repr(result))
