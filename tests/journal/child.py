"""Processes that the tests start, stop and kill: each command writes to a journal and prints what it was told."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from journal import Draft, Journal, JournalError, Keys, KillAt


def say(*words: object) -> None:
    print(*words, flush=True)


async def work(url: str, run: str, events: str, lock: str = "") -> None:
    """Begin a run, append with 10 in flight, print the place of each acknowledged event, stay until told."""
    journal = Journal.open(url, keys=Keys.none(), kill=KillAt.from_env())
    try:
        lease, first = await journal.begin(run, "INC-1", Draft("opened", {}), lock=lock or None)
    except JournalError as error:
        say(type(error).__name__, getattr(error, "run", ""))
        await journal.aclose()
        return
    say(first.n)

    async def some(count: int) -> None:
        for _ in range(count):
            for event in await journal.append(lease, [Draft("intended", {}), Draft("answered", {})]):
                say(event.n)

    await asyncio.gather(*(some(int(events) // 20) for _ in range(10)))
    say("done")
    await asyncio.to_thread(sys.stdin.readline)
    await journal.aclose()


async def take(url: str, run: str) -> None:
    """Take a run, then leave it."""
    journal = Journal.open(url, keys=Keys.none(), kill=KillAt.from_env())
    lease, _ = await journal.take(run)
    say(lease.fence)
    await journal.aclose()


async def talk(url: str, run: str, count: str) -> None:
    """Say things of a run that another process carries out."""
    journal = Journal.open(url, keys=Keys.none(), kill=KillAt.from_env())
    for number in range(int(count)):
        await journal.say(run, [Draft("noted", {"text": f"say {number}"})])
    await journal.aclose()


async def hold(url: str, ttl_s: str) -> None:
    """Hold a run as long as the lease is good (30 s at most); then try to append, and say how that went."""
    journal = Journal.open(url, keys=Keys.none(), ttl_s=float(ttl_s), renew_s=float(ttl_s) / 4)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    say("held")
    for _ in range(3000):
        if not lease.good():
            break
        await asyncio.sleep(0.01)
    try:
        await journal.append(lease, [Draft("intended", {})])
        say("appended", lease.good())
    except JournalError as error:
        say(type(error).__name__, lease.good())
    await journal.aclose()


async def full(url: str) -> None:
    """Append until no file may grow any more, then once more with room again."""
    import resource

    journal = Journal.open(url, keys=Keys.none())
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, most))
    acknowledged = 1
    try:
        while True:
            await journal.append(lease, [Draft("noted", {"text": "x" * 2000})])
            acknowledged += 1
    except JournalError as error:
        say(type(error).__name__, error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    await journal.append(lease, [Draft("noted", {})])
    say(acknowledged + 1, len(journal.events("R1")))
    await journal.aclose()


async def readonly() -> None:
    """As a user without rights: open a journal in a folder, and one in a file, that cannot be written."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        there = Journal.open(f"sqlite:///{folder}/there.db", keys=Keys.none())
        await there.begin("R1", "INC-1", Draft("opened", {}))
        await there.aclose()
        (folder / "there.db").chmod(0o644)
        from journal.proof.verify import verify_url

        verify_url(f"sqlite:///{folder}/there.db")
        with contextlib.suppress(JournalError):  # import now what it needs: the checkout may be closed to others
            Journal.open("sqlite:////dev/null/x.db", keys=Keys.none())
        folder.chmod(0o555)
        if os.getuid() == 0:
            os.setuid(65534)
        for file in ("new.db", "there.db"):
            try:
                Journal.open(f"sqlite:///{folder}/{file}", keys=Keys.none())
            except JournalError as error:
                say(type(error).__name__, error)
        say("verified", verify_url(f"sqlite:///{folder}/there.db"))
        os._exit(0)  # without the right to remove the folder


def _elsewhere() -> None:
    """Be a process of another machine, whose clock is wrong, where the test wants one."""
    if wrong_by_s := os.environ.get("TEST_CLOCK_WRONG_BY_S"):
        from journal.write import lease

        real = time.time_ns
        time.time_ns = lambda: real() + int(wrong_by_s) * 10**9
        lease._boot_id = lambda: "another machine"


if __name__ == "__main__":
    _elsewhere()
    asyncio.run(globals()[sys.argv[1]](*sys.argv[2:]))
