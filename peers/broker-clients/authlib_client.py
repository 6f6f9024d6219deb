"""Authlib, as ordinary programs use it, logs in at a running broker; README.md says what the tests are told."""

import os
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

BROKER = os.environ["BROKER"]
ALGORITHM = os.environ["ALGORITHM"]
BACKEND = {"client_id": "backend", "client_secret": os.environ["BACKEND_SECRET"]}
PATIENCE = 30


def document(url):
    response = requests.get(url, timeout=PATIENCE)
    response.raise_for_status()
    return response.json()


METADATA = document(f"{BROKER}/.well-known/openid-configuration")


class Listener(HTTPServer):
    """A program that waits for its browser to come back."""

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.answer = self.path
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Addresses carry codes."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Callback)
        self.timeout = PATIENCE
        self.answer = None
        self.redirect_uri = f"http://127.0.0.1:{self.server_port}/callback"

    def visited(self, url, *person):
        """Sends the person there: the address at which the browser came back."""
        browser = os.environ["BROWSER"].split()
        thread = threading.Thread(target=subprocess.run, args=([*browser, *person, url],), kwargs={"stdout": subprocess.DEVNULL})
        thread.start()
        self.handle_request()
        thread.join()
        self.server_close()
        return f"http://127.0.0.1:{self.server_port}{self.answer}"


def log_in(session, *person, **parameters):
    listener = Listener()
    session.redirect_uri = listener.redirect_uri
    verifier = generate_token(64)
    url, state = session.create_authorization_url(METADATA["authorization_endpoint"], code_verifier=verifier, **parameters)
    answer = listener.visited(url, *person)
    parameters = dict(parse_qsl(urlsplit(answer).query))
    assert parameters["iss"] == METADATA["issuer"]
    if "code" not in parameters:
        # Authlib would try another grant.
        raise OAuthError(parameters["error"])
    return session.fetch_token(METADATA["token_endpoint"], authorization_response=answer, code_verifier=verifier, state=state)


def mytool(**options):
    scope = "openid profile email offline_access"
    return OAuth2Session("mytool", token_endpoint_auth_method="none", scope=scope, code_challenge_method="S256", **options)


class AuthlibLogsIn(unittest.TestCase):
    def test_a_code_with_pkce_brings_tokens_and_an_id_token_that_is_right(self):
        session = mytool()
        token = log_in(session, nonce="n-0S6_WzA2Mj")
        keys = KeySet.import_key_set(document(METADATA["jwks_uri"]))
        claims = jwt.decode(token["id_token"], keys, algorithms=[ALGORITHM]).claims
        self.assertEqual((claims["iss"], claims["aud"], claims["nonce"]), (METADATA["issuer"], "mytool", "n-0S6_WzA2Mj"))
        person = session.get(METADATA["userinfo_endpoint"], timeout=PATIENCE).json()
        self.assertEqual((person["sub"], person["name"], person["email"]), (claims["sub"], "Ada Example", "ada@example.com"))

    def test_a_session_renews_its_token_by_itself(self):
        renewed = []
        endpoint = METADATA["token_endpoint"]
        session = mytool(token_endpoint=endpoint, update_token=lambda token, refresh_token: renewed.append((token, refresh_token)))
        first = dict(log_in(session))
        session.token["expires_at"] = 1
        self.assertEqual(session.get(METADATA["userinfo_endpoint"], timeout=PATIENCE).status_code, 200)
        [(token, spent)] = renewed
        self.assertEqual(spent, first["refresh_token"])
        self.assertNotEqual(token["refresh_token"], spent)
        # The old one a second time: the login is over.
        with self.assertRaisesRegex(OAuthError, "invalid_grant"):
            session.refresh_token(endpoint, refresh_token=spent)
        with self.assertRaisesRegex(OAuthError, "invalid_grant"):
            session.refresh_token(endpoint, refresh_token=token["refresh_token"])

    def test_a_person_who_says_no_is_an_error_with_a_name(self):
        with self.assertRaisesRegex(OAuthError, "access_denied"):
            log_in(mytool(), "--deny")

    def test_a_program_with_a_secret_asks_about_its_token_and_revokes_it(self):
        session = OAuth2Session(**BACKEND, scope="openid", code_challenge_method="S256")
        token = log_in(session)
        known = session.introspect_token(METADATA["introspection_endpoint"], token=token["access_token"]).json()
        self.assertEqual((known["active"], known["client_id"]), (True, "backend"))
        self.assertEqual(session.revoke_token(METADATA["revocation_endpoint"], token=token["access_token"]).status_code, 200)
        known = session.introspect_token(METADATA["introspection_endpoint"], token=token["access_token"]).json()
        self.assertEqual(known, {"active": False})


if __name__ == "__main__":
    unittest.main()
