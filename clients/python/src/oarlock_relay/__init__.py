"""Waits at an Oarlock relay for an OAuth callback: for programs without a browser.

``wait_for_code`` has the name, arguments, result and errors of poast-relay's: a program changes its import alone.
"""

from .errors import OAuthConnectionError, OAuthRelayError, OAuthTimeoutError
from .result import RelayResult
from .settings import RelaySettings
from .waiter import Waiter, register
from .waiting import wait_for_code, wait_for_code_sync

__all__ = [
    "OAuthConnectionError",
    "OAuthRelayError",
    "OAuthTimeoutError",
    "RelayResult",
    "RelaySettings",
    "Waiter",
    "register",
    "wait_for_code",
    "wait_for_code_sync",
]
