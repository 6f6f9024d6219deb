"""Another user of the machine cannot pass for the relay."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from types import SimpleNamespace
from unittest import mock

from oarlock_relay import OAuthConnectionError, local_user, wait_for_code

from .scripted_relay import Conversation, RelayCase

# Listens, says so, and answers REGISTER as a relay would.
IMPOSTOR = """
import os, socket, sys
os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o666); server.listen()
print("ready", flush=True)
caught = server.accept()[0].recv(65536)
print(caught.decode(), flush=True)
"""


class Directories(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(folder.name, "relay.sock")

    def test_ones_own_is_good(self) -> None:
        local_user.check_directory(self.path)

    def test_hostile_19_one_that_others_can_write_is_refused(self) -> None:
        for mode in (0o777, 0o770, 0o702):
            os.chmod(self.folder, mode)
            with self.assertRaisesRegex(OAuthConnectionError, "can be written by others"):
                local_user.check_directory(self.path)

    def test_a_sticky_one_is_good_if_it_is_roots(self) -> None:
        os.chmod(self.folder, 0o1777)
        if os.geteuid() == 0:
            local_user.check_directory(self.path)
        else:
            with self.assertRaises(OAuthConnectionError):
                local_user.check_directory(self.path)

    def test_hostile_19_one_of_somebody_else_is_refused(self) -> None:
        trusted = (0, os.geteuid() + 1)
        if os.geteuid() == 0:
            os.chown(self.folder, 65_534, 65_534)
        with mock.patch.object(local_user, "_trusted", return_value=trusted):
            with self.assertRaisesRegex(OAuthConnectionError, "not to you or root"):
                local_user.check_directory(self.path)


class Peers(RelayCase):
    def test_the_kernel_tells_who_it_is(self) -> None:
        one, other = socket.socketpair(socket.AF_UNIX)
        with one, other:
            self.assertEqual(local_user.peer_user(one), os.geteuid())

    async def test_hostile_19_a_relay_of_somebody_else_hears_nothing(self) -> None:
        async def script(relay: Conversation) -> None:
            assert await relay.hear_end() == b""

        settings = await self.relay(script)
        with mock.patch.object(local_user, "peer_user", return_value=os.geteuid() + 1):
            with self.assertRaisesRegex(OAuthConnectionError, "is served by user"):
                await wait_for_code("S", settings=settings)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user; the test above stands in")
    async def test_hostile_19_another_user_who_listens_in_tmp_hears_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o1777)
            path = os.path.join(folder, "relay.sock")
            impostor = subprocess.Popen(
                [sys.executable, "-c", IMPOSTOR, path, "65534"], stdout=subprocess.PIPE, text=True
            )
            with impostor:
                assert impostor.stdout is not None
                self.assertEqual(impostor.stdout.readline(), "ready\n")
                settings = SimpleNamespace(oauth_socket_path=path, oauth_use_tcp=False, oauth_default_timeout=5)
                with self.assertRaisesRegex(OAuthConnectionError, "is served by user 65534"):
                    await asyncio.wait_for(wait_for_code("S", settings=settings), 10)
                self.assertEqual(impostor.stdout.readline(), "\n")
