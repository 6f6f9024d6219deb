"""Settings by keyword, under the names of poast-relay's."""

from typing import Any


class Settings:
    """Takes any name; those of the relay have their documented defaults."""

    oauth_enabled = False
    oauth_socket_path = "/tmp/poast-relay-oauth.sock"
    oauth_tcp_fallback_port = 9999
    oauth_default_timeout = 300.0
    oauth_use_tcp = False
    oauth_tcp_host = "127.0.0.1"

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)
