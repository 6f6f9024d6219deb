"""A relay that does what a test says, frame by frame, on a Unix socket."""

import asyncio
import json
import os
import tempfile
import unittest
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any, Callable

REGISTERED = {
    "type": "REGISTERED",
    "protocol": 2,
    "callback_url": "https://login.example.com/oauth/callback",
    "expires_in": 300,
    "heartbeat": 30,
    "grace": 3,
    "resumed": False,
}


class Conversation:
    """One connection, seen from the relay."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def hear(self, kind: str) -> Any:
        """The next frame, which is to be of this type."""
        frame = json.loads(await self._reader.readline())
        assert frame["type"] == kind, frame
        return frame

    async def hear_end(self) -> bytes:
        """Everything until the program closes."""
        return await self._reader.read()

    async def say(self, kind: str, **members: Any) -> None:
        await self.say_bytes(json.dumps({"type": kind, **members}).encode() + b"\n")

    async def say_bytes(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def registered(self, **changes: Any) -> Any:
        """Hears REGISTER and answers it."""
        frame = await self.hear("REGISTER")
        await self.say_bytes(json.dumps({**REGISTERED, **changes}).encode() + b"\n")
        return frame

    async def deliver(self, delivery: str = "d1", **members: Any) -> None:
        """A delivery with the code C, unless the members say something else."""
        members = members or {"code": "C", "parameters": {"code": "C"}}
        await self.say("DELIVER", delivery=delivery, **members)


Script = Callable[[Conversation], Awaitable[None]]


class RelayCase(unittest.IsolatedAsyncioTestCase):
    """A test with a scripted relay. What a script finds wrong fails the test."""

    async def relay(self, *scripts: Script, **settings: Any) -> Any:
        """Starts one; the first connection follows the first script, and so on. Returns the settings for it."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "relay.sock")
        left = list(scripts)
        self.connections = 0
        self.told: list[asyncio.Future[None]] = []

        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            told = asyncio.get_running_loop().create_future()
            self.told.append(told)
            self.connections += 1
            try:
                if not left:
                    raise AssertionError("a connection that no script knows of")
                await asyncio.wait_for(left.pop(0)(Conversation(reader, writer)), 20)
                told.set_result(None)
            except BaseException as error:
                told.set_exception(error)
            finally:
                writer.close()

        server = await asyncio.start_unix_server(converse, path)
        self.addAsyncCleanup(self._end, server)
        return SimpleNamespace(
            oauth_socket_path=path,
            oauth_tcp_fallback_port=9999,
            oauth_default_timeout=10.0,
            oauth_use_tcp=False,
            oauth_tcp_host="127.0.0.1",
            **settings,
        )

    async def _end(self, server: asyncio.AbstractServer) -> None:
        server.close()
        for told in self.told:
            await asyncio.wait_for(told, 20)
