"""The relay's HTTP side as far as a client sees it: answers that a test wrote down."""

import json
import os
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Optional

from .scripted_relay import REGISTERED

CERTIFICATE = os.path.join(os.path.dirname(__file__), "loopback.pem")
"""For 127.0.0.1, with its key; made for these tests, and worth nothing elsewhere."""

Answer = tuple[int, Any]
DELIVER = (200, {"type": "DELIVER", "delivery": "d1", "state": "S", "code": "C", "parameters": {"code": "C"}})
CREATED = (201, REGISTERED)


def closed(reason: str) -> Answer:
    """200 with the last word."""
    return 200, {"type": "CLOSE", "reason": reason}


class ScriptedWeb:
    """Answers each method from its own list; the last answer of a list stays. A callable is called for its answer."""

    def __init__(self, tls: bool = False, **answers: list[Any]) -> None:
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self._answers = answers
        web = self

        class Handler(BaseHTTPRequestHandler):
            def handle_method(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                web.requests.append(
                    (self.command, self.path, dict(self.headers.items()), json.loads(body) if body else None)
                )
                status, answer = web._next(self.command)
                text = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_DELETE = handle_method

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def _next(self, method: str) -> Answer:
        left = self._answers[method]
        answer = left[0] if len(left) == 1 else left.pop(0)
        result: Answer = answer() if callable(answer) else answer
        return result

    def methods(self) -> list[str]:
        """What was asked, in order; polls that follow each other are one."""
        methods: list[str] = []
        for method, *_ in self.requests:
            if methods[-1:] != [method]:
                methods.append(method)
        return methods

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def settings(web: ScriptedWeb, scheme: str = "http", host: str = "127.0.0.1", token: Optional[str] = "t0ken") -> Any:
    """Settings for it."""
    from oarlock_relay import RelaySettings

    return RelaySettings("", oauth_relay=f"{scheme}://{host}:{web.port}/base", oauth_relay_token=token)


def when(event: threading.Event, answer: Answer) -> Callable[[], Answer]:
    """The answer, held back until the event."""

    def wait() -> Answer:
        event.wait(20)
        return answer

    return wait
