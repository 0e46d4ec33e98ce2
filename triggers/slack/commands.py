"""What is typed: `/ringfence VERB ...`. Each looks, asks, or says; none of them cuts anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from inventory.proof import Sayer
from journal.replay import RESTS, Run, replay
from reports import lists
from reports.matrix import matrix, plain
from triggers.house import Refused
from triggers.house.darkening import go_dark
from triggers.slack.dark import why_dark
from triggers.slack.desk import Desk
from triggers.slack.looking import look_again
from triggers.slack.requests import Request
from triggers.slack.screens import short
from triggers.slack.screens.card import head
from triggers.slack.typed import Typed, read

MOST_RUNS = 200
"""Of the newest runs, those that are under way are shown."""


async def command(desk: Desk, request: Request, sayer: Sayer) -> None:
    """Carry a command out. Raises Refused and the sentences of engine and journal."""
    typed = read(request.text)
    await _VERBS[typed.verb](desk, request, sayer, typed)


async def _contain(desk: Desk, request: Request, _sayer: Sayer, typed: Typed) -> None:
    known = typed.about in desk.house.inventory.integrations
    if (said := typed.about or typed.rest) and not known:
        await desk.refuse(request, "", f"There is no integration {said.split()[0][:60]}: choose it from the menu.")
    integration, reason = (typed.about, typed.rest) if known else ("", "")
    await desk.open_form(request, integration=integration, reason=reason)


async def _status(desk: Desk, request: Request, _sayer: Sayer, typed: Typed) -> None:
    if typed.about:
        run = await found(desk, typed.about)
        if why_dark(run, desk.house.inventory.config):
            await desk.answers.tell(request, short.neutral(run.incident))
            return
        lines = [lists.meaning_of(run), *plain(matrix(run)), *lists.next_steps(run)]
        await desk.answers.tell(request, short.answer(f"{head(run)} · run {run.id}", lines))
        return
    rows = [row for row in (await desk.house.runs())[:MOST_RUNS] if row.lock is not None]
    runs = [replay(await asyncio.to_thread(desk.house.journal.events, row.run)) for row in rows[:20]]
    shown = [run for run in runs if not why_dark(run, desk.house.inventory.config)]
    dark = [run for run in runs if run not in shown]
    await desk.answers.tell(request, short.status(shown, [await waits_for(desk, run) for run in shown]))
    for run in dark:
        await desk.answers.tell(request, short.neutral(run.incident))


async def _check(desk: Desk, request: Request, _sayer: Sayer, typed: Typed) -> None:
    run = await _named(desk, typed)
    if why_dark(run, desk.house.inventory.config):
        await desk.answers.tell(request, short.neutral(run.incident))
        return
    closed, lines = await look_again(desk.house, run)
    said = "Closed, as seen just now." if closed else "NOT closed: take the attacker to be still in."
    await desk.answers.tell(request, short.answer(f"{head(run)} · {said}", lines))


async def _recover(desk: Desk, request: Request, sayer: Sayer, typed: Typed) -> None:
    run = await _named(desk, typed)
    started = await desk.house.recover(run.id, sayer)
    desk.moved()
    if started.busy:
        await desk.refuse(request, "", f"Somebody is at run {run.id}: wait until it rests, or stop it.")
    else:
        await _said(
            desk,
            request,
            run,
            f"Recovery of run {run.id} is ordered: a commander is asked before anything is given back.",
        )


async def _stop(desk: Desk, request: Request, sayer: Sayer, typed: Typed) -> None:
    await stop(desk, request, sayer, await _named(desk, typed))


async def stop(desk: Desk, request: Request, sayer: Sayer, run: Run) -> None:
    """End what a run has in flight, on somebody's word."""
    became = await desk.house.say(run.id, "stop", sayer)
    desk.moved()
    if became.counts:
        await _said(
            desk, request, run, f"Run {run.id} ends what is in flight, and starts nothing new. What is held stays held."
        )
    elif became.n:
        await desk.refuse(request, "Stop", became.why)
    else:
        await desk.away(request, run.id, sayer, became.code or "ended", became.why, did="Stop")


async def _note(desk: Desk, request: Request, sayer: Sayer, typed: Typed) -> None:
    run = await _named(desk, typed)
    if not typed.rest:
        raise Refused("A note wants a text: /ringfence note RUN TEXT", "bad-input")
    became = await desk.house.say(run.id, "note", sayer, reason=typed.rest)
    desk.moved()
    if became.counts:
        await _said(desk, request, run, f"Noted in run {run.id}, event {became.n}.")
    else:
        await desk.refuse(request, "Note", became.why)


async def _dark(desk: Desk, request: Request, sayer: Sayer, typed: Typed) -> None:
    run = await _named(desk, typed)
    became = await go_dark(desk.house.journal, run.id, sayer, typed.rest)
    desk.moved()
    if became.counts:
        await desk.answers.tell(request, short.neutral(run.incident))
    else:
        await desk.refuse(request, "Go dark", became.why)


async def _help(desk: Desk, request: Request, _sayer: Sayer, _typed: Typed) -> None:
    await desk.answers.tell(request, short.usage())


async def _said(desk: Desk, request: Request, run: Run, text: str) -> None:
    dark = why_dark(run, desk.house.inventory.config)
    await desk.answers.tell(request, short.neutral(run.incident) if dark else short.answer(text))


async def _named(desk: Desk, typed: Typed) -> Run:
    if not typed.about:
        raise Refused(f"Of which run? /ringfence {typed.verb} RUN; /ringfence status shows them.", "bad-input")
    return await found(desk, typed.about)


async def found(desk: Desk, name: str) -> Run:
    """A run by its id, or the newest of an incident that was carried out. Raises Refused."""
    rows = [row for row in await desk.house.runs() if name in {row.run, row.incident}]
    for row in rows:
        run = replay(await asyncio.to_thread(desk.house.journal.events, row.run))
        if row.run == name or run.opened.get("mode") != "dry-run":
            return run
    raise Refused(f"There is no run or incident {name[:60]} here: /ringfence status shows them.", "unknown-run")


async def waits_for(desk: Desk, run: Run) -> str:
    """For whom a run waits, in words; "" where for nobody."""
    from triggers.house import asking

    if run.word not in RESTS and run.word != "contested":
        return ""
    put = await desk.house.asks(run.id)
    if put is None or put.open:
        return ""
    return asking.waits_for(put.stands, desk.house.inventory.config.people)


_VERBS: Mapping[str, Callable[[Desk, Request, Sayer, Typed], Awaitable[None]]] = {
    "contain": _contain, "check": _check, "status": _status, "recover": _recover, "stop": _stop, "note": _note,
    "dark": _dark, "help": _help,
}  # fmt: skip
