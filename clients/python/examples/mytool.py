"""A program that logs its person in through a broker, with an ordinary OAuth library: pip install authlib requests

    python mytool.py https://login.example.com
"""

import sys
import threading
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session


class Callback(BaseHTTPRequestHandler):
    timeout = 2  # Browsers open connections ahead of time and say nothing on them.

    def do_GET(self):
        self.server.answer = self.path
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You can close this page.\n")

    def log_message(self, *_):
        """Addresses carry codes: nothing is logged."""


broker = requests.get(f"{sys.argv[1]}/.well-known/oauth-authorization-server", timeout=10).json()
listener = HTTPServer(("127.0.0.1", 0), Callback)
listener.answer = ""
callback, verifier = f"http://127.0.0.1:{listener.server_port}/callback", generate_token(64)
session = OAuth2Session(broker["oarlock_client_id"], scope="openid email", redirect_uri=callback, code_challenge_method="S256")
url, state = session.create_authorization_url(broker["authorization_endpoint"], code_verifier=verifier)
print(f"Open this address in a browser: {url}", file=sys.stderr)
threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()  # Some browsers end only when they are closed.
while f"state={state}" not in listener.answer:
    listener.handle_request()
answer = dict(parse_qsl(urlsplit(listener.answer).query))
if "code" not in answer or answer.get("iss") != broker["issuer"]:
    sys.exit(f"Not logged in: {answer.get('error', 'the answer is of another server')}")
session.fetch_token(broker["token_endpoint"], authorization_response=callback + listener.answer.removeprefix("/callback"), code_verifier=verifier, state=state)
print(session.get(broker["userinfo_endpoint"], timeout=10).text)
