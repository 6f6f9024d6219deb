"""The one call that most programs want."""

import asyncio
from typing import Any, Callable, Optional

from .result import RelayResult
from .waiter import register


async def wait_for_code(
    state: Optional[str] = None,
    timeout: Optional[float] = None,
    settings: Any = None,
    *,
    on_registered: Optional[Callable[[str], None]] = None,
) -> RelayResult:
    """Waits at the relay for the callback with this state.

    The arguments are those of ``register``. ``on_registered`` is called with the callback URL as soon as the relay
    knows of the registration: the right moment to show the login's URL.

    The browser is told "complete" when this returns. A program that wants to check ``iss`` or to exchange the code
    before that uses ``register``.

    Raises OAuthTimeoutError, OAuthConnectionError, OAuthRelayError.
    """
    async with register(state, timeout, settings) as waiter:
        if on_registered is not None:
            on_registered(waiter.callback_url)
        result = await waiter.wait()
        await waiter.acknowledge()
        return result


def wait_for_code_sync(
    state: Optional[str] = None,
    timeout: Optional[float] = None,
    settings: Any = None,
    *,
    on_registered: Optional[Callable[[str], None]] = None,
) -> RelayResult:
    """``wait_for_code`` for programs without an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait_for_code(state, timeout, settings, on_registered=on_registered))
    raise RuntimeError("an event loop is running here: use `await wait_for_code(…)`")
