"""What is pressed and sent: buttons and forms. A button carries ids alone: what it is about is looked up and judged anew each time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.approvals import Say, decisions_of, judge
from engine.approvals.saying import asked_of as question_of
from inventory.proof import Sayer
from journal.clock import now
from journal.replay import Run
from triggers.house import Asked, Differs, Refused, Started
from triggers.house.opening import scoped
from triggers.page.giving import Barred, give
from triggers.slack import commands
from triggers.slack.dark import why_dark
from triggers.slack.desk import Desk, asked_of, digest_of
from triggers.slack.requests import Request
from triggers.slack.screens import form as form_screen
from triggers.slack.screens import plan as plan_screen
from triggers.slack.screens import replies, short
from triggers.slack.screens.card import STOP

PLAN_HOLDS = timedelta(minutes=30)
"""So old may a plan be that is carried out; its scope is compared with what is there all the same."""


async def press(desk: Desk, request: Request, sayer: Sayer, *, begun: bool) -> None:
    """Act on a button. `begun`: somebody began to, and died: what became of that is looked at first."""
    if request.name == form_screen.PLAYBOOK:
        metadata = _object_of(request.text)
        await desk.open_form(
            request, playbook=request.value, integration=request.given.get("in:integration", ""),
            reason=request.given.get("reason", ""), incident=str(metadata.get("incident", "")), view=request.view,
        )  # fmt: skip
    elif request.name == plan_screen.HOLD:
        await _hold(desk, request, sayer, begun=begun)
    elif request.name in _PRESSES:
        await _PRESSES[request.name](desk, request, sayer)


async def _hold(desk: Desk, request: Request, sayer: Sayer, *, begun: bool) -> None:
    """Begin what was planned, once: what can be undone starts at once, the rest asks."""
    planned = await desk.house.run(request.value)
    if planned.opened.get("mode") != "dry-run" or not planned.planned:
        raise Refused("This button is of no plan.", "not-now")
    if now() - datetime.fromisoformat(planned.opened_at) > PLAN_HOLDS:
        why = "This plan is older than 30 minutes: ask for a new one."
        await desk.away(request, planned.id, sayer, "stale", why, did="Hold now")
        await desk.without_buttons(request, planned, why)
        return
    once = f"plan:{planned.id}"
    if not await asyncio.to_thread(desk.intake.once, once):
        started = await _begun_by(desk, planned, sayer) if begun else None
        if started is None:
            why = "This plan was carried out before: ask for a new one."
            await desk.away(request, planned.id, sayer, "decided_before", why, did="Hold now")
            return
    else:
        started = await _start(desk, request, planned, sayer, once)
    if started is None:
        return
    desk.moved()
    if started.busy:
        integration = str(planned.opened.get("integration", ""))
        await desk.answers.tell(request, short.busy(integration, started.busy))
        await desk.without_buttons(request, planned, f"Run {started.busy} is at it: nothing new was started.")
    else:
        await desk.without_buttons(request, planned, f"Begun by {sayer.name}: run {started.run}.")


async def _start(desk: Desk, request: Request, planned: Run, sayer: Sayer, once: str) -> Started | None:
    asked = asked_of(planned, sayer)
    shown = scoped(planned).as_shown(digest_of(desk.plan_message(planned, "")))
    try:
        return await desk.house.start(asked, shown)
    except Differs as differs:
        await desk.refuse(request, "Hold now", str(differs), "The new plan is in the channel.")
        await desk.without_buttons(request, planned, "The scope is another by now: this plan was not carried out.")
        await desk.show_plan(request, asked)
        return None
    except BaseException:
        await asyncio.to_thread(desk.intake.again, once)
        raise


async def _begun_by(desk: Desk, planned: Run, sayer: Sayer) -> Started | None:
    """The run that this very press began, before whoever acted on it died."""
    for row in await desk.house.runs():
        if row.first_at < planned.opened_at:
            break
        run = await desk.house.run(row.run)
        same = all(run.opened.get(name) == planned.opened.get(name) for name in ("playbook", "inputs", "integration"))
        if same and run.opened.get("mode") != "dry-run" and run.opened.get("by") == sayer.by:
            return Started(run.id, run.incident, str(run.opened.get("mode", "")))
    return None


async def _change(desk: Desk, request: Request, sayer: Sayer) -> None:
    planned = await desk.house.run(request.value)
    asked = asked_of(planned, sayer)
    given = {name: value for name, value in asked.inputs.items() if isinstance(value, str)}
    await desk.open_form(
        request, playbook=asked.playbook, integration=str(planned.opened.get("integration", "")), reason=asked.reason, given=given
    )  # fmt: skip


async def _only_check(desk: Desk, request: Request, sayer: Sayer) -> None:
    planned = await desk.house.run(request.value)
    await asyncio.to_thread(desk.intake.once, f"plan:{planned.id}")
    await desk.without_buttons(request, planned, f"Only looked, said {sayer.name}: nothing was sent.")


async def _stop(desk: Desk, request: Request, sayer: Sayer) -> None:
    await commands.stop(desk, request, sayer, await desk.house.run(request.value))


async def _approve(desk: Desk, request: Request, sayer: Sayer) -> None:
    """Slack approves nothing: whoever may is given the way to the page, where they prove who they are."""
    run, wall, scope = await _asked(desk, request)
    refused = await _barred(desk, run, wall, scope, sayer, "yes")
    if refused is not None:
        await desk.away(request, run.id, sayer, *refused, did="Approve", wall=wall)
        return
    if desk.links is None:
        why = "There is no page here (`page:` in the configuration)."
        await desk.refuse(request, "Approve", why, f"On the command line: ringfence approve {run.id}")
        return
    try:
        path = await give(
            desk.links, desk.house.journal, desk.house.inventory, run, sayer.person, minutes=desk.minutes, wall=wall,
            by=sayer.by,
        )  # fmt: skip
    except Barred as barred:
        await desk.refuse(request, "Approve", str(barred))
        return
    await desk.answers.tell(request, short.link(run.id, f"{desk.page}{path}", desk.minutes))


async def _objects(desk: Desk, request: Request, sayer: Sayer) -> None:
    run, wall, scope = await _asked(desk, request)
    refused = await _barred(desk, run, wall, scope, sayer, "no")
    if refused is not None:
        await desk.away(request, run.id, sayer, *refused, did="Object", wall=wall)
        return
    about = [f"Run {run.id}, scope {scope[:8]}.", "It ends nothing: more authority, or one more person, is asked."]
    view = form_screen.reason_form(
        "Object", about, {"what": "object", "run": run.id, "wall": wall, "scope": scope}, submit="Object"
    )
    await desk.slack.call("views.open", trigger_id=request.trigger, view=view)


async def _by_hand(desk: Desk, request: Request, _sayer: Sayer) -> None:
    run_id, _, step = request.value.partition("|")
    run = await desk.house.run(run_id)
    about = [
        f"Step {step} of run {run.id}.",
        "You say with your name that it is so; where a look can tell, it is looked at.",
    ]
    view = form_screen.reason_form(
        "It is there", about, {"what": "attest", "run": run.id, "about": step}, submit="I say so"
    )
    await desk.slack.call("views.open", trigger_id=request.trigger, view=view)


_PRESSES: Mapping[str, Callable[[Desk, Request, Sayer], Awaitable[None]]] = {
    plan_screen.CHANGE: _change, plan_screen.CHECK: _only_check, STOP: _stop, replies.APPROVE: _approve,
    replies.OBJECT: _objects, replies.DONE: _by_hand,
}  # fmt: skip


async def sent_form(desk: Desk, request: Request, sayer: Sayer) -> None:
    """Act on a form that was sent."""
    metadata = _object_of(request.value)
    reason = request.given.get("reason", "").strip()
    if request.name == form_screen.FORM:
        inputs = {
            name.removeprefix("in:"): _time(value) if value.isdigit() and len(value) == 10 else value
            for name, value in request.given.items() if name.startswith("in:")
        }  # fmt: skip
        asked = Asked(str(metadata.get("playbook", "")), inputs, sayer, reason, str(metadata.get("incident", "")))
        await desk.show_plan(request, asked)
        return
    run_id, what = str(metadata.get("run", "")), metadata.get("what")
    if what == "object":
        run = await desk.house.run(run_id)
        wall, scope = str(metadata.get("wall", "")), str(metadata.get("scope", ""))
        became = await desk.house.say(
            run_id, "object", sayer, scope_hash=scope, wall=wall, shown=await _shown(desk, run, wall), reason=reason
        )
    elif what == "attest":
        became = await desk.house.say(run_id, "attest", sayer, about=str(metadata.get("about", "")), reason=reason)
    else:
        raise Refused("This form is none of ours.", "bad-input")
    desk.moved()
    if not became.counts:
        await desk.refuse(request, "Object" if what == "object" else "By hand", became.why)


async def from_alert(desk: Desk, request: Request, _sayer: Sayer) -> None:
    """The shortcut on a message: of our own alert card its metadata begins the form, of any other message nothing does."""
    known = _object_of(request.value)
    integration = known.get("integration")
    if not isinstance(integration, str) or integration not in desk.house.inventory.integrations:
        integration = ""
    alert = str(known.get("alert", ""))[:100]
    incident = known.get("incident") if isinstance(known.get("incident"), str) else ""
    await desk.open_form(
        request, integration=integration, reason=f"alert {alert}" if alert else "", incident=str(incident or "")
    )


async def _asked(desk: Desk, request: Request) -> tuple[Run, str, str]:
    run_id, _, rest = request.value.partition("|")
    wall, _, scope = rest.rpartition("|")
    run = await desk.house.run(run_id)
    if why_dark(run, desk.house.inventory.config):
        raise Refused("This run went dark: it goes on on page and command line.", "not-now")
    return run, wall, scope


async def _barred(
    desk: Desk, run: Run, wall: str, scope: str, sayer: Sayer, answer: Any
) -> tuple[str, str] | None:  # fmt: skip
    """Why what somebody would say here would not count, by the very rules that judge it in the end."""
    question = await asyncio.to_thread(question_of, desk.house.journal, run, wall)
    decisions = decisions_of(run, question) if question is not None else []
    people = desk.house.inventory.config.people
    heard = judge(question, decisions, Say(sayer, answer, scope), people, now())
    return None if heard.counts else (heard.code, heard.why)


async def _shown(desk: Desk, run: Run, wall: str) -> str:
    """The digest of the question as it stands in the thread: of the very message, made anew from the record."""
    events = await asyncio.to_thread(desk.house.journal.events, run.id)
    asked = [event.n for event in events if event.type == "asked" and event.body.get("wall") == wall]
    key = f"asked:{max(asked, default=0)}"
    made = {one.key: one.message for one in replies.Replies(desk.page).take(events)}
    return digest_of(made[key]) if key in made else ""


def _time(value: str) -> str:
    """A picker's seconds since 1970 as a time."""
    return datetime.fromtimestamp(int(value), UTC).isoformat()


def _object_of(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
