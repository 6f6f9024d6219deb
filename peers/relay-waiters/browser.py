"""A browser that brings a callback, by hand, so that nothing of it waits unseen."""

import asyncio
import json
import time
import urllib.parse
from typing import Any, Optional

PATIENCE = 40.0
"""Seconds; what takes longer hangs."""
COMPLETE = "Authorization Complete"

PAGES = {
    "nobody": "No program is waiting",
    "already": "was already handed over",
    "unconfirmed": "did not confirm",
    "rejected": "refused it",
    "stopping": "is being restarted",
}
"""What the other pages say, each by its own words."""


class Browser:
    """One request, and what it is answered."""

    def __init__(self, http: str, callback: dict[str, str], kind: str) -> None:
        self._http = http
        self._request = _request(http, callback, kind)
        self._streams: Optional[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = None
        self._sent = 0.0

    async def connect(self) -> None:
        """Ahead of time, so that asking takes none."""
        host, _, port = self._http.rpartition(":")
        self._streams = await asyncio.open_connection(host, int(port), limit=1 << 20)

    def ask(self) -> "asyncio.Task[dict[str, Any]]":
        """The request is in the kernel when this returns: the connection is new and its buffer empty."""
        assert self._streams is not None
        self._sent = time.monotonic()
        self._streams[1].write(self._request)
        return asyncio.create_task(self._hear(*self._streams))

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, Any]:
        broken = ""
        text = ""
        try:
            text = (await asyncio.wait_for(reader.read(), PATIENCE)).decode()
        except asyncio.TimeoutError:
            broken = "no answer"
        except ConnectionError as error:
            broken = f"{type(error).__name__}"
        writer.close()
        head, _, page = text.partition("\r\n\r\n")
        words = head.split(" ", 2)
        return {
            "sent": self._sent,
            "answered": time.monotonic(),
            "status": int(words[1]) if len(words) == 3 else 0,
            "page": _page(page),
            "broken": broken or ("" if len(words) == 3 and page.rstrip().endswith("</html>") else "cut off"),
        }


def _page(text: str) -> str:
    if COMPLETE in text:
        return "complete"
    return next((name for name, words in PAGES.items() if words in text), text[:200])


def _request(http: str, callback: dict[str, str], kind: str) -> bytes:
    form = urllib.parse.urlencode(callback)
    if kind == "get":
        line, body, content = f"GET /oauth/callback?{form} HTTP/1.1", "", ""
    elif kind == "form":
        line, body, content = "POST /oauth/callback HTTP/1.1", form, "application/x-www-form-urlencoded"
    else:
        line, body, content = "POST /oauth/callback HTTP/1.1", json.dumps(callback), "application/json"
    head = [line, f"Host: {http}", "Connection: close"]
    if body:
        head += [f"Content-Type: {content}", f"Content-Length: {len(body)}"]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
