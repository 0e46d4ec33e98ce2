"""`ringfence supervise`: goes on with runs whose process is gone, each in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from engine.supervise import Did, Page, Supervisor, Taken, TakeUp
    from journal import Draft, Journal
    from journal.replay import Run

SHORTEST_S, LONGEST_S = 0.1, 3600.0
POLL_S = 0.1


def supervise(
    *,
    once: Annotated[bool, Parameter(negative=())] = False,
    every: float = 1.0,
    config: Annotated[Path | None, Parameter(name="--config")] = None,
    json: bool = False,
) -> int:
    """Look every second for runs whose process is gone, and go on with each in a process of its own.

    A run that waits for people is gone on with once they have answered, and visited every minute until then: what it
    holds is looked at and closed again. Runs that were stopped or ended are left alone; nothing is approved that nobody
    approved. A run
    that comes no further is given up after five takings: that is said here and recorded in the journal. SIGTERM and
    Ctrl-C end the supervisor alone: the runs that it took up go on to their end by themselves (under systemd, say
    KillMode=process). What they say is kept in the state folder, under supervised/.

    Parameters
    ----------
    once
        Look once, wait for what was taken up, and end: 0 when all of it ended well, 2 when not, 3 when a person is needed.
    every
        Seconds between two looks.
    config
        Where the journal is said to be; each run keeps to the configuration that it was opened with.
    json
        One JSON object a line.
    """
    from engine.supervise import Supervisor
    from journal import Keys

    if not SHORTEST_S <= every <= LONGEST_S:
        raise place.Refused(f"--every: {SHORTEST_S:g} to {LONGEST_S:g} seconds, not {every:g}.")
    journal = place.open_journal(Keys.none(), config)
    heard: list[Did] = []

    def tell(did: Did) -> None:
        heard.append(did)
        if json:
            as_json(did._asdict())
        else:
            line(sentence(did))
        sys.stdout.flush()

    def said(sentence: str) -> None:
        if not json:
            line(sentence)
            sys.stdout.flush()

    said(f"Supervising {place.journal_shown(config)}: a run whose process is gone is taken up.")
    supervisor = Supervisor(
        journal,
        in_a_process(journal, config),
        tell,
        visit=in_a_process(journal, config, "--visit"),
        page=paging(config, journal),
    )
    try:
        with place.watching():
            asyncio.run(_once(supervisor) if once else _until_told(supervisor, every, said))
    finally:
        journal.close()
    codes = {did.code for did in heard}
    return 0 if not once or codes <= {0} else 3 if codes <= {0, 3} else 2


async def _once(supervisor: Supervisor) -> None:
    await supervisor.sweep()
    await supervisor.finished()


async def _until_told(supervisor: Supervisor, every_s: float, said: Callable[[str], None]) -> None:
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, over.set)
    await supervisor.run(over, every_s)
    if supervisor.at_it:
        said(f"Ending. In processes of their own go on to their end: {', '.join(supervisor.at_it)}.")
    for task in supervisor.at_it.values():
        task.cancel()
    await asyncio.gather(*supervisor.at_it.values(), return_exceptions=True)


def paging(config: Path | None, journal: Journal) -> Page:
    """Tell people by the configuration that a run was opened with; where that cannot be read nobody is told."""

    async def page(run: Run, of: str) -> list[Draft]:
        from engine.telling import told
        from inventory.read import BadInventory
        from triggers.cli.taking import surroundings
        from triggers.page.giving import giver

        try:
            inventory, _ = surroundings(run, config)
        except (BadInventory, place.Refused) as error:
            line(f"Run {run.id}: nobody could be told ({error}).")
            return []
        give = giver(journal, inventory, place.state_path(), sandbox=run.opened["mode"] == "drill")
        return await told(inventory, run, of, give=give)

    return page


def in_a_process(journal: Journal, config: Path | None, how: str = "--gone") -> TakeUp:
    """Take runs up by `ringfence resume`, so that one which kills its process kills nobody else. `how`: its option."""
    environ = os.environ | ({"RINGFENCE_CONFIG": str(config.absolute())} if config is not None else {})

    async def take_up(run: str) -> Taken:
        from engine.supervise import GaveUp, Taken
        from journal.replay import replay

        if (gone := sandbox_gone(replay(await asyncio.to_thread(journal.events, run)).opened)) is not None:
            raise GaveUp(gone)
        folder = place.state_folder() / "supervised"
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / f"{run}.log"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            child = subprocess.Popen(  # noqa: S603, ASYNC220  # it may outlive us
                [sys.executable, "-m", "triggers.cli.main", "resume", run, how], env=environ,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            while (code := child.poll()) is None:  # noqa: ASYNC110  # the other ways wait for it, or kill it
                await asyncio.sleep(POLL_S)
        except asyncio.CancelledError:
            child.returncode = 0  # it is not ours to wait for any more
            raise
        said = file.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        return Taken(code, f"killed by signal {-code}" if code < 0 else said[:500] if code == 1 else "")

    return take_up


def sandbox_gone(opened: object) -> str | None:
    """Why a drill cannot go on: its practice company has ended, and another is another."""
    from triggers.cli.company import running

    assert isinstance(opened, dict)
    if opened["mode"] != "drill":
        return None
    handshake = running(place.state_folder())
    urls = [str(one["url"]) for one in opened["connections"].values()]
    if handshake is not None and any(url.startswith(f"{handshake['url']}/") for url in urls):
        return None
    return "the sandbox that it was carried out on does not run any more: what it held is gone"


def sentence(did: Did) -> str:
    """What was done, for people."""
    match did.did:
        case "taken" | "rested" | "stopped":
            return f"Run {did.run}: {did.said}."
        case "failed":
            return f"Run {did.run}: {did.said}" if did.run else did.said
        case "given_up":
            return (
                f"GIVEN UP: run {did.run} ({did.word}): {did.said}. Nobody is at it, and nobody watches what it holds. Look at"
                f" `ringfence status {did.run}`; when the cause is mended, `ringfence resume {did.run}` goes on."
            )
    if did.code == 3:
        return f"Run {did.run}: {did.word}. It waits for a person: `ringfence resume {did.run}` asks for the approval."
    return f"Run {did.run}: {did.word}{f' ({did.said})' if did.said else ''}."
