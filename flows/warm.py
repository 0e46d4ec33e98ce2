"""Gets Prefect ready beside everything else: finds or starts its API, imports it. Does not keep anybody waiting: ask `ready` how it stands.

Importing prefect takes two seconds and a first local server up to twenty; a command calls `warm` as early as it can.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

from flows import api, server, settings
from flows.api import Api

PROBE_S = 2.0
STARTING = "starting the local Prefect server (the first time takes about 20 s)"

_point_lock = threading.Lock()
_warming: dict[Path, Warm] = {}


class NotReadyError(Exception):
    """Prefect is not to be had now; the message says why, in half a sentence."""


class Warm:
    """One attempt to have Prefect. `ready` holds its API in the end, or NotReadyError; `stage` says what it is at."""

    def __init__(self, state: Path, environ: Mapping[str, str]) -> None:
        self.named = api.configured(environ)
        self.off = api.off(environ)
        self.stage = ""
        self.ready: Future[Api] = Future()
        self._state = state
        if self.off:
            self.ready.set_exception(NotReadyError("Prefect is off"))
        else:
            threading.Thread(target=self._try, name="prefect-warm", daemon=True).start()

    def _try(self) -> None:
        try:
            found = self._reach()
            with _point_lock:
                settings.load(self._state)
                settings.point(found.url)
        except NotReadyError as why:
            self.ready.set_exception(why)
        except server.ServerError as why:
            self.ready.set_exception(NotReadyError(str(why)))
        except Exception as error:  # noqa: BLE001 - whatever ails Prefect, containment goes on
            self.ready.set_exception(NotReadyError(f"Prefect could not be loaded ({type(error).__name__})"))
        else:
            self.ready.set_result(found)

    def _reach(self) -> Api:
        if self.named is not None:
            self.stage = f"asking Prefect at {self.named.url}"
            if not api.alive(self.named.url, PROBE_S):
                raise NotReadyError(f"Prefect's API at {self.named.url} does not answer")
            self.stage = "loading Prefect"
            return self.named
        known = server.status(self._state) is not None
        self.stage = "asking the local Prefect server" if known else STARTING
        loading = threading.Thread(target=self._load_meanwhile, name="prefect-load", daemon=True)
        loading.start()
        running = server.start(self._state)
        self.stage = "loading Prefect"
        loading.join()
        return Api(running.url, running.page, ours=True)

    def _load_meanwhile(self) -> None:
        with contextlib.suppress(Exception), _point_lock:  # the second, waited-for load says what is wrong
            settings.load(self._state)


def warm(state: Path, *, environ: Mapping[str, str] | None = None) -> Warm:
    """Begin now; `carry_out` takes it up. Costs the caller nothing."""
    key = state.resolve()
    if key not in _warming:
        _warming[key] = Warm(state, os.environ if environ is None else environ)
    return _warming[key]


def take(state: Path, environ: Mapping[str, str] | None) -> Warm:
    """Give what was warmed, once: the next run asks anew whether Prefect is alive."""
    begun = warm(state, environ=environ)
    _warming.pop(state.resolve(), None)
    return begun
