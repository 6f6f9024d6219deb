"""The modes, one function each.

Protocol 1 does not tell a program that it is registered. A callback that comes first is held by the relay for its grace
time, so a mode may send its callback at once.
"""

import argparse
import asyncio
import contextlib
import os
import secrets
from collections.abc import Awaitable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, Callable

from callbacks import Callbacks, Page

REQUIRED = {
    "inbound_path_uuid": "unused",
    "inbound_auth_token": "unused",
    "groq_api_key": "unused",
    "gateway_url": "http://127.0.0.1",
    "gateway_token": "unused",
    "target_session_key": "unused",
}
"""What poast-relay's Settings want besides the relay's own."""


class Stage:
    """The client module, the relay, and the callbacks."""

    def __init__(self, client: ModuleType, callbacks: Callbacks, options: argparse.Namespace) -> None:
        self.client = client
        self.callbacks = callbacks
        self.code_keys: list[str] = options.code_keys.split(",")
        if options.socket is not None:
            self.place: dict[str, Any] = {"oauth_use_tcp": False, "oauth_socket_path": options.socket}
            self.variables = {"OAUTH_SOCKET_PATH": options.socket}
        else:
            host, _, port = options.tcp.rpartition(":")
            self.place = {"oauth_use_tcp": True, "oauth_tcp_host": host, "oauth_tcp_fallback_port": int(port)}
            self.variables = {"OAUTH_USE_TCP": "true", "OAUTH_TCP_HOST": host, "OAUTH_TCP_FALLBACK_PORT": port}

    def settings(self, **changes: Any) -> Any:
        """An object with the names that the client asks for, and no others."""
        names: dict[str, Any] = {
            "oauth_socket_path": "/nowhere/relay.sock",
            "oauth_tcp_fallback_port": 1,
            "oauth_default_timeout": 20.0,
            "oauth_use_tcp": False,
            "oauth_tcp_host": "127.0.0.1",
        }
        return SimpleNamespace(**{**names, **self.place, **changes})

    def wait(self, state: Any = None, **arguments: Any) -> "asyncio.Task[Any]":
        """A program that waits."""
        arguments.setdefault("settings", self.settings())
        return asyncio.ensure_future(self.client.wait_for_code(state=state, **arguments))

    async def exchange(self, state: Any, callback: Awaitable[Page], **arguments: Any) -> tuple[Any, Page]:
        """A program waits, the callback comes: its result, and what the browser saw."""
        result, page = await asyncio.gather(self.wait(state, **arguments), callback)
        return result, page

    async def expects_code(self, code: str, state: Any, callback: Awaitable[Page], **arguments: Any) -> None:
        result, page = await self.exchange(state, callback, **arguments)
        page.is_complete()
        assert result.success and result.code == code and result.raw is None, result

    async def expects_raw(self, raw: dict[str, Any], state: Any, callback: Awaitable[Page]) -> None:
        result, page = await self.exchange(state, callback)
        page.is_delivered()
        assert not result.success and result.code is None and result.raw == raw, result


def new() -> str:
    return secrets.token_urlsafe(32)


@contextlib.contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """These variables, while the body runs."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


async def basic_flow_with_a_state(stage: Stage) -> None:
    state = new()
    await stage.expects_code("AUTH", state, stage.callbacks.get(code="AUTH", state=state))


async def single_slot_without_a_state(stage: Stage) -> None:
    code = new()  # The slot has no state that would tell one callback from the repetition of another.
    await stage.expects_code(code, None, stage.callbacks.get(code=code))


async def several_flows_at_once(stage: Stage) -> None:
    states = ["user1-auth", "user2-auth", "user3-auth"]
    waiting = [stage.wait(state) for state in states]
    pages = await asyncio.gather(*(stage.callbacks.get(code="of " + state, state=state) for state in reversed(states)))
    results = await asyncio.gather(*waiting)
    assert [result.code for result in results] == ["of " + state for state in states], results
    for page in pages:
        page.is_complete()


async def several_users_one_after_the_other(stage: Stage) -> None:
    for state in (f"user-{name}-{new()}" for name in ("ada", "bob")):
        await stage.expects_code("of " + state, state, stage.callbacks.get(code="of " + state, state=state))


async def the_same_state_for_a_second_login(stage: Stage) -> None:
    state = new()
    for code in ("first", "second"):
        await stage.expects_code(code, state, stage.callbacks.get(code=code, state=state))


async def settings_of_poast_relay(stage: Stage) -> None:
    from app.config import Settings

    settings = Settings(**REQUIRED, oauth_enabled=True, oauth_default_timeout=20.0, **stage.place)
    state = new()
    await stage.expects_code("AUTH", state, stage.callbacks.get(code="AUTH", state=state), settings=settings)


async def settings_of_the_environment(stage: Stage) -> None:
    state = new()
    with environment(stage.variables):
        await stage.expects_code("AUTH", state, stage.callbacks.get(code="AUTH", state=state), settings=None)


async def host_by_name(stage: Stage) -> None:
    """OAUTH_TCP_HOST holds a name in the container examples; over a Unix socket it plays no part."""
    state = new()
    name = {"OAUTH_TCP_HOST": "localhost"}
    with environment({**stage.variables, **name}):
        await stage.expects_code("AUTH", state, stage.callbacks.get(code="AUTH", state=state), settings=None)


async def get_with_other_parameters(stage: Stage) -> None:
    state = new()
    callback = stage.callbacks.get(code="AUTH_CODE_XYZ", state=state, other_param="value")
    await stage.expects_code("AUTH_CODE_XYZ", state, callback)


async def post_of_json(stage: Stage) -> None:
    state = new()
    body = {"code": "AUTH_CODE_XYZ", "state": state, "other": "data"}
    await stage.expects_code("AUTH_CODE_XYZ", state, stage.callbacks.post_json(body))


async def post_of_a_form(stage: Stage) -> None:
    state = new()
    callback = stage.callbacks.post_form(code="AUTH_CODE_XYZ", state=state, other="data")
    await stage.expects_code("AUTH_CODE_XYZ", state, callback)


async def post_of_json_or_a_form_of_an_unknown_type(stage: Stage) -> None:
    state = new()
    await stage.expects_code("A", state, stage.callbacks.post_json({"code": "A", "state": state}, kind=None))
    state = new()
    await stage.expects_code("A", state, stage.callbacks.post_form(kind=None, code="A", state=state))


async def post_to_the_single_slot(stage: Stage) -> None:
    code = new()
    await stage.expects_code(code, None, stage.callbacks.post_json({"code": code}))
    code = new()
    await stage.expects_code(code, None, stage.callbacks.post_form(code=code))


async def code_under_every_key_in_any_case(stage: Stage) -> None:
    for key in stage.code_keys:
        for name in (key, key.upper(), key.title()):
            state = new()
            await stage.expects_code("by " + name, state, stage.callbacks.get(**{name: "by " + name, "state": state}))
            state = new()
            body = {name: "by " + name, "state": state}
            await stage.expects_code("by " + name, state, stage.callbacks.post_json(body))


async def code_under_another_key_is_raw(stage: Stage) -> None:
    state = new()
    await stage.expects_raw({"ticket": "T", "state": state}, state, stage.callbacks.get(ticket="T", state=state))


async def code_that_is_a_list(stage: Stage) -> None:
    state = new()
    body = {"code": ["first_code", "second_code"], "state": state}
    await stage.expects_code("first_code", state, stage.callbacks.post_json(body))


async def code_that_is_empty_is_raw(stage: Stage) -> None:
    state = new()
    await stage.expects_raw({"code": "", "state": state}, state, stage.callbacks.get(code="", state=state))


async def refusal_is_raw(stage: Stage) -> None:
    state = new()
    said = {"error": "access_denied", "error_description": "User denied", "state": state}
    await stage.expects_raw(said, state, stage.callbacks.get(**said))


async def refusal_in_json_is_raw(stage: Stage) -> None:
    state = new()
    said = {"error": "access_denied", "state": state, "times": 3, "more": {"list": [1, None, True]}}
    await stage.expects_raw(said, state, stage.callbacks.post_json(said))


async def a_replay_is_404(stage: Stage) -> None:
    state = new()
    await stage.expects_code("AUTH", state, stage.callbacks.get(code="AUTH", state=state))
    (await stage.callbacks.get(code="AUTH", state=state)).is_failed()


async def nobody_waiting_is_404(stage: Stage) -> None:
    (await stage.callbacks.get(code="AUTH", state=new())).is_failed()


async def timeout_is_an_error(stage: Stage) -> None:
    state = new()
    await raises(stage.client.OAuthTimeoutError, stage.wait(state, timeout=0.3))
    await raises(stage.client.OAuthTimeoutError, stage.wait(state, settings=stage.settings(oauth_default_timeout=0.3)))
    (await stage.callbacks.get(code="AUTH", state=state)).is_failed()


async def no_relay_is_a_connection_error(stage: Stage) -> None:
    absent = {"oauth_socket_path": "/nowhere/relay.sock", "oauth_tcp_fallback_port": 1}
    await raises(stage.client.OAuthConnectionError, stage.wait(new(), settings=stage.settings(**absent)))


async def every_error_is_a_relay_error(stage: Stage) -> None:
    for name in ("OAuthTimeoutError", "OAuthConnectionError"):
        assert issubclass(getattr(stage.client, name), stage.client.OAuthRelayError), name


async def a_cancelled_program_waits_no_more(stage: Stage) -> None:
    state = new()
    waiting = stage.wait(state)
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done, waiting
    waiting.cancel()
    await asyncio.wait({waiting})
    (await stage.callbacks.get(code="AUTH", state=state)).is_failed()


async def the_last_registration_wins(stage: Stage) -> None:
    for state in (new(), None):
        code = new()
        both = {stage.wait(state), stage.wait(state)}
        replaced, last = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        assert len(replaced) == 1 and len(last) == 1, both
        await raises(stage.client.OAuthRelayError, *replaced)
        (await stage.callbacks.get(code=code, **({"state": state} if state else {}))).is_complete()
        result = await last.pop()
        assert result.code == code, result


async def raises(kind: type[Exception], waiting: "asyncio.Task[Any]") -> None:
    try:
        result = await waiting
    except kind:
        return
    raise AssertionError(f"{result} in place of {kind.__name__}")


MODES: "list[Callable[[Stage], Awaitable[None]]]" = [
    basic_flow_with_a_state,
    single_slot_without_a_state,
    several_flows_at_once,
    several_users_one_after_the_other,
    the_same_state_for_a_second_login,
    settings_of_poast_relay,
    settings_of_the_environment,
    host_by_name,
    get_with_other_parameters,
    post_of_json,
    post_of_a_form,
    post_of_json_or_a_form_of_an_unknown_type,
    post_to_the_single_slot,
    code_under_every_key_in_any_case,
    code_under_another_key_is_raw,
    code_that_is_a_list,
    code_that_is_empty_is_raw,
    refusal_is_raw,
    refusal_in_json_is_raw,
    a_replay_is_404,
    nobody_waiting_is_404,
    timeout_is_an_error,
    no_relay_is_a_connection_error,
    every_error_is_a_relay_error,
    a_cancelled_program_waits_no_more,
    the_last_registration_wins,
]
