"""`ringfence serve` and `ringfence worker`: runs carried out by a process that is warm before anybody needs it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.say import line

if TYPE_CHECKING:
    from triggers.serve.service import Wanted

Config = Annotated[Path | None, Parameter(name="--config")]
MOST_WORKERS = 64
WARM = (
    "aiohttp", "cryptography.hazmat.primitives.asymmetric.ed25519", "engine.contain", "engine.opening", "engine.past",
    "engine.recover", "engine.telling", "flows.launch", "httpx", "httpx_aiohttp", "inventory.discovery.known", "jinja2",
    "journal.anchors.anchorer", "journal.anchors.sinks", "reports.after_action", "reports.matrix", "reports.plan",
    "rich.table", "triggers.cli.anchoring", "triggers.cli.practice",
)  # fmt: skip
"""What the first run would else load, while somebody waits for it."""


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    config: Config = None,
    integrations: Path | None = None,
    sandbox: bool = False,
    workers: int | None = None,
    docs: bool = False,
) -> int:
    """Serve the API, carry runs out, and look after those that rest, until SIGTERM.

    It takes up within a fraction of a second what nobody owns: runs that were handed over, whose approval has come, or
    whose process is gone. SIGTERM lets the rounds in flight end and leaves their runs to others; ten seconds at most.
    Commands of this state folder hand their runs over to it, but with --here.

    Parameters
    ----------
    host
        Where it listens. Beyond this machine put a proxy with TLS before it, and name that one in `serve: {hosts: [...]}`.
    port
        0 takes a free one; it is said, and stands in the state folder under serve/.
    config, integrations
        The configuration. It is read anew when its files change.
    sandbox
        The practice company's, started if it does not run: every run is a drill.
    workers
        Runs side by side; without it, `serve: {workers: N}` of the configuration, or 8.
    docs
        FastAPI's page of the API at /docs; its scripts come from a CDN, so it is off unless asked for.
    """
    from triggers.serve.service import Wanted

    if not 0 <= port <= 65535:
        raise place.Refused(f"--port: 0 to 65535, not {port}.")
    return _run(
        lambda at_once: Wanted(at_once, config, host, port, docs),
        config,
        integrations,
        sandbox=sandbox,
        workers=workers,
    )


def worker(
    *, config: Config = None, integrations: Path | None = None, sandbox: bool = False, workers: int | None = None
) -> int:
    """Do what `serve` does without the API: for more machines over one journal.

    Parameters
    ----------
    config, integrations, sandbox, workers
        As for `ringfence serve`.
    """
    from triggers.serve.service import Wanted

    return _run(lambda at_once: Wanted(at_once, config), config, integrations, sandbox=sandbox, workers=workers)


def _run(
    wanted: Callable[[int], Wanted],
    config: Path | None,
    integrations: Path | None,
    *,
    sandbox: bool,
    workers: int | None,
) -> int:
    """Get everything warm, then run."""
    from flows import launch

    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise place.Refused(f"--workers: 1 to {MOST_WORKERS}, not {workers}.")
    state = place.state_folder()
    launch.warm(state)
    from triggers.house import House
    from triggers.house.ours import Ours
    from triggers.serve import service

    ours = Ours(config, sandbox=sandbox, integrations=integrations, tell=_tell)
    inventory = ours.now()
    _warm()
    journal = place.open_journal(place.open_keys(inventory, sandbox=sandbox), config)
    house = House(inventory, journal, state, sandbox=sandbox, ours=ours, tell=_tell)
    how = wanted(workers or inventory.config.serve.workers)
    try:
        with place.watching():
            asyncio.run(service.run(house, how, _tell))
    finally:
        journal.close()
    _tell("Ended.")
    launch.leave(0)


def _warm() -> None:
    """Load what the first run would else wait for."""
    from importlib import import_module

    from engine.registry import registry

    for name in WARM:
        import_module(name)
    registry()
    for file in place.playbooks(None):
        try:
            place.checked_playbook(file, None)
        except Exception as error:  # noqa: BLE001  # it is said when somebody asks for that one
            _tell(f"{file}: cannot be used ({type(error).__name__}).")


def _tell(text: str) -> None:
    line(text)
    sys.stdout.flush()
