"""An OAuth server (RFC 7009, 7591, 7592, 7662, 8414) that repeats every secret it is sent, in any place of its answers."""

import base64
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Provider:
    """One server with one client.

    Attributes:
        broken: it takes nothing any more: 400 to every request but discovery.
        odd: it answers an introspection with what no connector expects: the token in the place of a number.
        sent: every request that it got, as it came.
    """

    def __init__(self, secret, registration_token, tokens):
        self.secret, self.tokens = secret, dict.fromkeys(tokens, True)
        self.registration_tokens = [registration_token]
        self.client = {"client_id": "vendor", "grant_types": ["authorization_code", "refresh_token"],
                       "response_types": ["code"], "redirect_uris": ["https://vendor.example/back"]}  # fmt: skip
        self.broken = self.odd = False
        self.sent = []
        self._seen = set()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method, path, authorization, form, body):
        """(status, JSON, headers) of one request; the first of each kind fails."""
        with self._lock:
            kind = (method, path, form.get("token", ""))
            if path == "/.well-known/oauth-authorization-server":
                ends = {"revocation_endpoint": f"{self.url}/revoke", "introspection_endpoint": f"{self.url}/introspect"}
                return 200, {"issuer": self.url, **ends}
            if self.broken:
                return 400, {}
            if path in {"/revoke", "/introspect"}:
                given = base64.b64encode(f"vendor:{self.secret}".encode()).decode()
                if authorization != f"Basic {given}":
                    return 401, {}
            elif authorization != f"Bearer {self.registration_tokens[-1]}":
                return 401, {}
            if method != "PUT" and kind not in self._seen:
                self._seen.add(kind)
                return 503, {}
            return 200, self._done(method, path, form, body)

    def _done(self, method, path, form, body):
        if path == "/introspect":
            expires = form["token"] if self.odd else 1
            return {"active": self.tokens.get(form["token"], False), "client_id": "vendor", "exp": expires}
        if path == "/revoke":
            self.tokens[form["token"]] = False
            return {}
        if method == "PUT":
            self.client = body
            self.registration_tokens.append(f"{self.registration_tokens[0]}-{len(self.registration_tokens)}")
        return {**self.client, "registration_access_token": self.registration_tokens[-1]}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def _any(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = dict(urllib.parse.parse_qsl(data)) if "form" in self.headers.get("Content-Type", "") else {}
        body = json.loads(data) if data and not form else {}
        authorization = self.headers.get("Authorization", "")
        self.provider.sent.append(f"{self.command} {self.path} {authorization} {data}")
        status, said = self.provider.answer(self.command, self.path, authorization, form, body)
        echo = form.get("token") or authorization.partition(" ")[2] or "none"
        if status != 200 or self.path == "/revoke":
            said = {**said, "error": echo, "error_description": f"{authorization} {data}", "detail": [echo, data]}
        text = json.dumps(said).encode()
        self.send_response(status, echo)
        headers = {"X-Request-Id": echo, "WWW-Authenticate": f'Bearer error="{echo}"', "Set-Cookie": f"s={echo}"}
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(text)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815  as the library calls them

    def log_message(self, *_):
        """Say nothing."""
