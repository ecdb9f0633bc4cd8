"""A small but real OpenID Connect provider over HTTP: discovery, keys, authorization, token with PKCE and client secret.

`faults` make it misbehave the way an attacker or a careless provider would.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "notifier", "a client's secret"


class Provider:
    """Runs on a port of its own. `claims` are what it says of whoever signs in; `now` is its clock (Unix time)."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.faults: dict[str, Any] = {}
        self.now = time.time()
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Silent."""

            def answer(self, document: Any, status: int = 200) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path == "/.well-known/openid-configuration":
                    self.answer(provider.metadata())
                elif path == "/keys":
                    self.answer({"keys": [provider.key.as_dict(private=False)]})
                elif path == "/me":
                    self.answer({"sub": provider.claims.get("sub"), **provider.faults.get("userinfo", {})})
                else:
                    self.answer({"error": "not_found"}, 404)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.answer(*provider.exchange({key: value[0] for key, value in form.items()}, self.headers))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.faults.get("issuer_template", self.issuer),
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
        }

    def sign_in(self, address: str) -> str:
        """What a person does there: the path and query of the address the browser is sent back to."""
        asked = {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code" and "openid" in asked["scope"]
        assert asked["code_challenge_method"] == "S256" and len(asked["nonce"]) >= 40 and len(asked["state"]) >= 40
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': asked['state']})}"

    def exchange(self, form: dict[str, str], headers: Any) -> tuple[dict[str, Any], int]:
        """A code for an ID token, once, for the client with its secret and the verifier."""
        asked = self._codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or headers.get("Authorization") != f"Basic {basic}":
            return {"error": "invalid_client"}, 401
        if challenge.rstrip(b"=").decode() != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return {"error": "invalid_grant"}, 400
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": int(self.now), "exp": int(self.now) + 300,
                  "nonce": asked["nonce"], **self.claims, **self.faults.get("claims", {})}  # fmt: skip
        key = self.faults.get("key", self.key)
        header = self.faults.get("header", {"alg": "RS256", "kid": "one"})
        token = jwt.encode(header, claims, key, algorithms=["RS256", "HS256"])
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 300, "id_token": token}, 200
