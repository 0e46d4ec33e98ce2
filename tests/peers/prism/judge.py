"""Starts Prism, which others wrote, over a vendor's own description: it refuses each request that the vendor does not describe.

It keeps no state: its answers are the description's own examples, so it judges what we send, and nothing else.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
DESCRIPTIONS = Path(__file__).resolve().parents[4] / "shared" / "openapi"
STARTS_S = 120.0
"""A loaded machine takes long to read half a megabyte of description."""


def missing(name: str) -> str:
    """Why Prism cannot be started here over this description; "" where it can."""
    from shutil import which

    if which("node") is None:
        return "node is not installed"
    if not (HERE / "node_modules" / "@stoplight" / "prism-cli").is_dir():
        return "tests/peers/prism/node_modules is missing: bash .ci/run installs it (npm ci in tests/peers/prism)"
    if not (DESCRIPTIONS / f"{name}.json").is_file():
        return f"the vendors' descriptions are not beside the repository: {DESCRIPTIONS}"
    return ""


class Judge:
    """A running Prism on a port of its own."""

    def __init__(self, name: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        prism = HERE / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
        command = [
            "node",
            str(prism),
            "mock",
            "--errors",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            f"{DESCRIPTIONS / name}.json",
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        end = time.monotonic() + STARTS_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                assert self._process.poll() is None, "Prism ended before it listened"
                assert time.monotonic() < end, f"Prism did not listen within {STARTS_S:.0f} s"
                time.sleep(0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
