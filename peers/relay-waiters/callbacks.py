"""What a provider makes a browser send to the relay."""

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Optional

COMPLETE = "Authorization Complete"
FAILED = "Authorization Failed"

# Never through a proxy: the relay is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Page:
    """What the browser sees."""

    status: int
    kind: str
    text: str

    def is_complete(self) -> None:
        assert self.status == 200, f"{self.status} in place of 200"
        assert self.kind.startswith("text/html"), self.kind
        assert COMPLETE in self.text, f"the page does not say {COMPLETE!r}"

    def is_failed(self) -> None:
        assert self.status == 404, f"{self.status} in place of 404"
        assert self.kind.startswith("text/html"), self.kind
        assert FAILED in self.text, f"the page does not say {FAILED!r}"

    def is_delivered(self) -> None:
        """A refusal reaches its program too; its page does not say "complete"."""
        assert self.status == 200, f"{self.status} in place of 200"


class Callbacks:
    """Sends callbacks to one address."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def get(self, **parameters: str) -> Page:
        query = urllib.parse.urlencode(parameters)
        return await self._send(urllib.request.Request(f"{self._address}?{query}"))

    async def post_json(self, body: dict[str, Any], kind: Optional[str] = "application/json") -> Page:
        return await self._post(json.dumps(body).encode(), kind)

    async def post_form(self, kind: Optional[str] = "application/x-www-form-urlencoded", **body: str) -> Page:
        return await self._post(urllib.parse.urlencode(body).encode(), kind)

    async def _post(self, body: bytes, kind: Optional[str]) -> Page:
        headers = {"Content-Type": kind or "application/octet-stream"}
        return await self._send(urllib.request.Request(self._address, body, headers, method="POST"))

    async def _send(self, request: urllib.request.Request) -> Page:
        return await asyncio.to_thread(_fetch, request)


def _fetch(request: urllib.request.Request) -> Page:
    try:
        response = _OPENER.open(request, timeout=25)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return Page(response.status, response.headers.get("Content-Type", ""), response.read().decode())
