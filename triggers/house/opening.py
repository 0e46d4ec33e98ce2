"""From what somebody asks for to a run that is open: fitted to what is ours, looked at, begun, or taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place, standing
from triggers.house.desk import Unattended
from triggers.house.model import Asked, Differs, Refused, Shown
from triggers.house.work import RunWork

if TYPE_CHECKING:
    from engine.opening import Prepared
    from engine.recover import Wanted
    from engine.state import Live
    from inventory.read import Inventory
    from journal.replay import Run
    from journal.store import Journal

STARTERS = frozenset({"responder", "approver", "commander"})
"""Roles that may start, end and go on with runs."""


def fitted(asked: Asked, mode: Any, inventory: Inventory, journal: Journal) -> Prepared:
    """The order that this asks for. Blocks. Raises Refused with all that is wrong with it; nothing was opened."""
    from importlib.metadata import version

    from engine.bound import NotBound
    from engine.opening import Order, prepare
    from inventory.read import BadInventory
    from language.errors import BadInput, BadPlaybook

    try:
        file = _named(asked.playbook, inventory)
        checked = asked.checked or place.checked_playbook(file, inventory)
        raw = _raw(asked, checked)
        order = Order(
            checked, str(file), raw, mode, asked.by.by, asked.reason, version("ringfence"), by_how=asked.by.how,
            incident=asked.incident, hold_only=asked.hold_only, since=asked.since,
            declared_only=asked.by_alert and mode != "dry-run", run=asked.run,
        )  # fmt: skip
        return prepare(standing.with_discovered(journal, inventory), order)
    except BadPlaybook as error:
        raise Refused(str(error), "bad-playbook") from None
    except (BadInput, LookupError) as error:
        raise Refused(str(error), "bad-input") from None
    except (NotBound, BadInventory, place.Refused) as error:
        raise Refused(str(error), "not-fitting") from None


def _named(playbook: str, inventory: Inventory) -> Path:
    """The file of a playbook, by name alone: a path in a request would be a way to read files."""
    named: dict[str, Path] = {}
    for file in place.playbooks(inventory):
        named.setdefault(file.stem, file)
    if playbook in named:
        return named[playbook]
    from language.errors import nearest, short

    known = nearest(playbook, named) or f"; there are {', '.join(sorted(named))}"
    raise Refused(f"There is no playbook '{short(playbook)}'{known}.", "bad-input")


def _raw(asked: Asked, checked: Any) -> dict[str, object]:
    secret = [name for name, one in checked.playbook.inputs.items() if one.type.endswith("secret")]
    if secret:
        raise Refused(
            f"{', '.join(secret)}: a secret is given at the command line alone: `ringfence contain {asked.playbook} -i"
            f" {secret[0]}=@FILE`. Nothing was done.",
            "bad-input",
        )
    return {name: list(value) if not isinstance(value, str) else value for name, value in asked.inputs.items()}


async def hang_up(prepared: Prepared) -> None:
    """Close what was opened for an order that comes to nothing."""
    for link in prepared.links.values():
        await link.wire.close()


def new_work(
    prepared: Prepared, journal: Journal, state: Path, tell: Callable[[str], None], *, url: str, scope: str = ""
) -> RunWork:  # fmt: skip
    """The work of a run that is opened now. Where a `scope` was shown, it is looked at once more before anything else."""
    desk = Unattended(tell)

    async def opening() -> Live:
        try:
            live = await prepared.begin(journal, desk)
        except BaseException:
            await hang_up(prepared)
            raise
        if scope:
            await _same(live, scope)
        return live

    inventory = prepared.inventory
    return RunWork(prepared.run, journal, desk, opening, state, sandbox_url=url, inventory=inventory)


async def _same(live: Live, scope: str) -> None:
    """Look, and refuse the run where its scope is not the one that was shown."""
    from engine.plan import NothingSeen, plan

    why = ""
    try:
        live.planned = await plan(live)
    except NothingSeen as error:
        await _refuse(live, str(error))
        raise
    now = str(live.run.planned["scope_hash"])
    if now != scope:
        why = (
            f"The scope is {now[:8]} now, not the {scope[:8]} that was shown: nothing was done but looking."
            " Look at the plan again."
        )
        await _refuse(live, why)
        raise Differs(why, live.run.id, scope, now)


async def _refuse(live: Live, why: str) -> None:
    from journal.event import Draft

    try:
        await live.finish(Draft("worded", {"word": "refused", "footholds": {}, "why": why}), unlock=True)
    finally:
        await live.hang_up()


def old_work(
    run: Run, inventory: Inventory, journal: Journal, state: Path, tell: Callable[[str], None], *, url: str, why: str,
    resting: bool, beforehand: bool, wanted: Wanted | None = None,
) -> RunWork:  # fmt: skip
    """The work of a run that rests (unless not `resting`), lapsed, or died.

    `why`: stands in its lease; a recovery's own says so whatever is said here. `beforehand`: an approval that was given
    when it was ordered is answered with.
    """
    by = str(run.opened.get("by", "")) if beforehand and run.approved_beforehand else ""
    desk = Unattended(tell, by)
    lease = wanted.why if wanted is not None else run.leased_why if run.recovers else why

    async def opening() -> Live:
        from engine.opening import reopen

        return await reopen(journal, inventory, run.id, desk, why=lease, resting=resting)

    from engine.past import Snapshots

    past = Snapshots(journal, inventory)
    return RunWork(
        run.id, journal, desk, opening, state, wanted=wanted, sandbox_url=url, inventory=inventory, past=past
    )


async def planned(
    asked: Asked, inventory: Inventory, journal: Journal, state: Path, tell: Callable[[str], None]
) -> Run:
    """Look, as a dry run of its own; the run, folded. Raises Refused, NothingSeen."""
    prepared = await asyncio.to_thread(fitted, asked, "dry-run", inventory, journal)
    work = new_work(prepared, journal, state, tell, url="")
    await work.plan("planned")
    assert work.live is not None
    return work.live.run


def scoped(run: Run, also: Sequence[str] = ()) -> Shown:
    """What a run that only looked shows."""
    from reports.plan import lines
    from reports.text import safe
    from triggers.house.asking import digest

    text = "\n".join([*(safe(one, 2000) for one in lines(run)), *also])
    plan = run.planned
    return Shown(run, str(plan["first_line"]), text, digest(text), str(plan["scope_hash"]), str(plan["plan_hash"]))
