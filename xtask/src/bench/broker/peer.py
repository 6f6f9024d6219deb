"""Serves FastHTML's CLI example, unchanged, on 127.0.0.1:PORT with the provider at PROVIDER.

Arguments: folder with server.py, PORT, PROVIDER. The client makes its requests over one pool of connections; as it comes it makes two
new ones, with their TLS contexts, for each login.
"""
import json
import os
import sys

folder, port, provider = sys.argv[1:]
with open("creds.json", "w", encoding="utf-8") as file:
    json.dump({"web": {"client_id": "broker", "client_secret": "none", "project_id": "bench"}}, file)

import fasthtml.oauth as oauth  # noqa: E402
import uvicorn  # noqa: E402

client = oauth.GoogleAppClient
client.base_url = f"http://{provider}/authorize"
client.token_url = f"http://{provider}/token"
client.info_url = f"http://{provider}/userinfo"
name = next(name for name in ("httpx2", "httpx") if hasattr(oauth, name))
library = getattr(oauth, name)


class Pooled:
    """Looks like the module, and asks by one client."""

    def __init__(self):
        self.client = library.Client(limits=library.Limits(max_connections=200, max_keepalive_connections=200))
        self.post, self.get = self.client.post, self.client.get

    def __getattr__(self, attribute):
        return getattr(library, attribute)


# retr_id asks without giving a subject a name of its own; here it is `sub`.
setattr(oauth, name, Pooled())
os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")
sys.path.insert(0, folder)
import server  # noqa: E402

uvicorn.run(server.app, host="127.0.0.1", port=int(port), log_level="critical", access_log=False)
