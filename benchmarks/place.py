"""What every measurement runs in: the server's process, a folder with a real disk under it, a URL."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[1]


class Provider:
    """The server, as its starter sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def fill(self, count: int) -> None:
        """Give it so many living tokens, and forget what was asked."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/control/{count}", method="POST"), timeout=30).read()

    def asked(self) -> tuple[list[tuple[str, str]], int]:
        """(method, path) of each request since it was filled, and how many tokens live."""
        found: dict[str, Any] = orjson.loads(urllib.request.urlopen(f"{self.url}/control/log", timeout=30).read())
        return [(method, path) for method, path in found["log"]], int(found["alive"])


@contextmanager
def provider() -> Iterator[Provider]:
    """Start the server; end it with us."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield Provider(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def folder() -> Iterator[Path]:
    """A new folder in the checkout's own state folder: /tmp may be memory, where a sync costs nothing."""
    (ROOT / ".ringfence").mkdir(mode=0o700, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / ".ringfence"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
