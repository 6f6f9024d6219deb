"""Where the relay is."""

import os
import tempfile
import unittest
from types import SimpleNamespace
from unittest import mock

from oarlock_relay import OAuthConnectionError, RelaySettings
from oarlock_relay.settings import HttpsAddress, TcpAddress, UnixAddress, address_of, token_of


def address(**variables: str) -> str:
    return str(address_of(RelaySettings.from_environment(variables)))


class Environment(unittest.TestCase):
    def test_the_default_is_the_platforms(self) -> None:
        self.assertEqual(address(XDG_RUNTIME_DIR="/run/user/7"), "/run/user/7/oarlock/relay.sock")
        self.assertEqual(address(XDG_STATE_HOME="/state"), "/state/oarlock/run/relay.sock")
        self.assertEqual(address(OARLOCK_HOME="/o", XDG_RUNTIME_DIR="/run/user/7"), "/o/run/relay.sock")

    def test_our_name_wins_over_poast_relays(self) -> None:
        self.assertEqual(address(OAUTH_SOCKET_PATH="/a"), "/a")
        self.assertEqual(address(OAUTH_SOCKET_PATH="/a", OARLOCK_RELAY_SOCKET_PATH="/b"), "/b")
        self.assertEqual(address(OAUTH_SOCKET_PATH="/a", OARLOCK_RELAY_SOCKET_PATH=""), "/a")

    def test_tcp_is_used_where_it_is_asked_for(self) -> None:
        self.assertEqual(address(OAUTH_USE_TCP="TRUE"), "127.0.0.1:9999")
        self.assertEqual(address(OAUTH_USE_TCP="y"), "127.0.0.1:9999")
        self.assertEqual(address(OAUTH_USE_TCP="1", OAUTH_TCP_HOST="relay", OAUTH_TCP_FALLBACK_PORT="9"), "relay:9")
        self.assertEqual(address(OAUTH_USE_TCP="no", OAUTH_SOCKET_PATH="/a"), "/a")
        self.assertEqual(address(OARLOCK_RELAY_USE_TCP="false", OAUTH_USE_TCP="true", OAUTH_SOCKET_PATH="/a"), "/a")

    def test_on_windows_it_is_tcp(self) -> None:
        with mock.patch("platform.system", return_value="Windows"):
            self.assertEqual(address(OAUTH_SOCKET_PATH="/a"), "127.0.0.1:9999")

    def test_a_whole_address_wins(self) -> None:
        self.assertEqual(address(OARLOCK_RELAY="unix:/x", OAUTH_USE_TCP="true"), "/x")

    def test_a_wrong_value_is_named(self) -> None:
        for name, value in (
            ("OAUTH_USE_TCP", "maybe"),
            ("OARLOCK_RELAY_TCP_FALLBACK_PORT", "0"),
            ("OAUTH_TCP_FALLBACK_PORT", "65536"),
            ("OAUTH_TCP_FALLBACK_PORT", "x"),
            ("OAUTH_SOCKET_PATH", "relay.sock"),
            ("OAUTH_DEFAULT_TIMEOUT", "-1"),
            ("OAUTH_DEFAULT_TIMEOUT", "nan"),
            ("OAUTH_DEFAULT_TIMEOUT", "soon"),
        ):
            with self.assertRaisesRegex(OAuthConnectionError, name):
                RelaySettings.from_environment({name: value})

    def test_the_default_timeout_is_read(self) -> None:
        self.assertEqual(RelaySettings.from_environment({"OAUTH_DEFAULT_TIMEOUT": "1.5"}).oauth_default_timeout, 1.5)
        self.assertEqual(RelaySettings.from_environment({}).oauth_default_timeout, 300.0)

    def test_the_token_may_be_in_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "token")
            with open(file, "w") as opened:
                opened.write("t0ken\n")
            os.chmod(file, 0o600)
            self.assertEqual(token_of(RelaySettings.from_environment({"OARLOCK_RELAY_TOKEN_FILE": file})), "t0ken")
            both = {"OARLOCK_RELAY_TOKEN_FILE": file, "OARLOCK_RELAY_TOKEN": "other"}
            self.assertEqual(token_of(RelaySettings.from_environment(both)), "other")
            with self.assertRaisesRegex(OAuthConnectionError, "cannot be read"):
                RelaySettings.from_environment({"OARLOCK_RELAY_TOKEN_FILE": file + "x"})

    def test_hostile_19_a_tokens_file_that_others_can_read_is_refused(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            for mode in (0o640, 0o604, 0o660):
                os.chmod(file.name, mode)
                with self.assertRaisesRegex(OAuthConnectionError, "chmod 600"):
                    RelaySettings.from_environment({"OARLOCK_RELAY_TOKEN_FILE": file.name})

    def test_hostile_05_a_token_with_a_line_break_is_refused_and_not_quoted(self) -> None:
        for token in ("secret\r\nHost: x", "sécret", "secret token"):
            with self.assertRaises(OAuthConnectionError) as caught:
                token_of(RelaySettings.from_environment({"OARLOCK_RELAY_TOKEN": token}))
            self.assertNotRegex(repr(caught.exception), "s.cret")

    def test_the_token_is_not_shown(self) -> None:
        self.assertNotIn("t0ken", repr(RelaySettings.from_environment({"OARLOCK_RELAY_TOKEN": "t0ken"})))


class Addresses(unittest.TestCase):
    def parsed(self, relay: str) -> object:
        return address_of(RelaySettings("/unused", oauth_relay=relay))

    def test_each_kind_is_read(self) -> None:
        self.assertEqual(self.parsed("unix:/a/b"), UnixAddress("/a/b"))
        self.assertEqual(self.parsed("unix:///a/b"), UnixAddress("/a/b"))
        self.assertEqual(self.parsed("tcp://relay:77"), TcpAddress("relay", 77))
        self.assertEqual(self.parsed("tcp://[::1]"), TcpAddress("::1", 9999))
        self.assertEqual(self.parsed("https://r.example/base/"), HttpsAddress(True, "r.example", 443, "/base"))
        self.assertEqual(self.parsed("http://127.0.0.1:8"), HttpsAddress(False, "127.0.0.1", 8, ""))

    def test_what_is_none_is_refused(self) -> None:
        for relay in (
            "relay.sock",
            "unix:relay.sock",
            "tcp://",
            "tcp://h:99999",
            "tcp://h/path",
            "https://u:p@r.example",
            "https://r.example/?q",
            "https://[",
            "ftp://r.example",
        ):
            with self.subTest(relay=relay), self.assertRaisesRegex(OAuthConnectionError, "is to be unix:/PATH"):
                self.parsed(relay)

    def test_clear_text_leaves_this_machine_never(self) -> None:
        for relay in ("http://r.example", "http://127.0.0.1.r.example", "http://10.0.0.1"):
            with self.assertRaises(OAuthConnectionError):
                self.parsed(relay)

    def test_any_object_with_the_names_will_do(self) -> None:
        settings = SimpleNamespace(
            oauth_socket_path="/s",
            oauth_tcp_fallback_port=1,
            oauth_default_timeout=1,
            oauth_use_tcp=True,
            oauth_tcp_host="h",
        )
        self.assertEqual(address_of(settings), TcpAddress("h", 1))
        self.assertIsNone(token_of(settings))
