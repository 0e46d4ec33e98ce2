"""Starts the OAuth server that others wrote, and does what its own users would: register, mint, use, introspect."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
HERE = Path(__file__).parent


def missing() -> str:
    """Why the server cannot be started here; "" where it can."""
    from shutil import which

    if which("node") is None:
        return "node is not installed"
    if not (HERE / "node_modules" / "oidc-provider").is_dir():
        return "tests/peers/oidc/node_modules is missing: bash .ci/run installs it (npm install in tests/peers/oidc)"
    return ""


@dataclass(frozen=True)
class Registered:
    """A client as the server registered it. The registration token is the first; updates rotate it."""

    client: str
    secret: str
    registration: str
    registration_token: str

    @property
    def auth(self) -> tuple[str, str]:
        return self.client, self.secret


class Peer:
    """A running server."""

    def __init__(self, *, rotate: bool = True) -> None:
        command = ["node", str(HERE / "server.mjs"), json.dumps({"rotate": rotate})]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the server ended before it listened"
        self.told: dict[str, Any] = json.loads(line)
        self.issuer: str = self.told["issuer"]
        self.http = httpx.Client(base_url=self.issuer, timeout=10, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        self._process.kill()
        self._process.communicate()

    def register(self, *, reissues: bool = False, **metadata: Any) -> Registered:
        """A client of its own; by default one that mints by client_credentials.

        `reissues`: each update of its registration gives it another secret.
        """
        initial = self.http.get("/_peer/initial").json()["token"] if reissues else self.told["initial"]
        wanted = {
            "grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [],
            "token_endpoint_auth_method": "client_secret_basic", "scope": "api",
        } | metadata  # fmt: skip
        answer = self.http.post("/reg", json=wanted, headers={"authorization": f"Bearer {initial}"})
        assert answer.status_code == 201, answer.text
        told = answer.json()
        path = urlsplit(told["registration_client_uri"]).path
        return Registered(told["client_id"], told["client_secret"], path, told["registration_access_token"])

    def ask_for_token(self, client: Registered, **form: str) -> httpx.Response:
        return self.http.post("/token", data={"grant_type": "client_credentials", **form}, auth=client.auth)

    def mint(self, client: Registered, count: int = 1) -> list[str]:
        """Fresh access tokens."""
        return [self.ask_for_token(client).json()["access_token"] for _ in range(count)]

    def exchange(self, client: Registered, token: str) -> httpx.Response:
        """Another token for a token (RFC 8693 section 2.1)."""
        kind = "urn:ietf:params:oauth:token-type:access_token"
        return self.ask_for_token(client, grant_type=EXCHANGE, subject_token=token, subject_token_type=kind)

    def consent(self, client: Registered, account: str = "someone") -> dict[str, str]:
        """An access and a refresh token with a person's grant behind them."""
        asked = {"client": client.client, "account": account}
        told: dict[str, str] = self.http.get("/_peer/consent", params=asked).json()
        return told

    def unregister(self, client: Registered) -> None:
        """Delete a client as it may itself (RFC 7592 section 2.3)."""
        headers = {"authorization": f"Bearer {client.registration_token}"}
        answer = self.http.delete(client.registration, headers=headers)
        assert answer.status_code == 204, answer.text

    def revoke(self, token: str, client: Registered) -> None:
        """End a token as its client may (RFC 7009); a refresh token takes its grant along here."""
        answer = self.http.post("/token/revocation", data={"token": token}, auth=client.auth)
        assert answer.status_code == 200, answer.text

    def active(self, token: str, client: Registered) -> bool:
        """Whether the server itself says that it takes the token."""
        answer = self.http.post("/token/introspection", data={"token": token}, auth=client.auth)
        assert answer.status_code == 200, answer.text
        return answer.json()["active"] is True
