"""Takes an answer in: whose form, proven by what, and on to the house. Nothing counts that is not proven here and now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from inventory.proof import Sayer
from inventory.read import BadInventory
from journal.clock import now
from journal.event import Draft, Private
from triggers.house import Refused
from triggers.page.codes import Wrong
from triggers.page.guard import Session, Turned
from triggers.page.page import Page
from triggers.page.passkeys import NotProven, challenge, signed
from triggers.page.screens import UNPROVEN

LONGEST_REASON = 500
Said = Literal["approve", "object"]


def statement(form: Mapping[str, Any], person: str, answer: str) -> dict[str, str]:
    """What somebody's passkey signs: just this answer of theirs, to just this question, once."""
    return {
        "run": str(form["run"]), "wall": str(form["wall"]), "scope_hash": str(form["scope_hash"]),
        "shown": str(form["shown"]), "nonce": str(form["nonce"]), "person": person, "answer": answer,
    }  # fmt: skip


async def decide(page: Page, session: Session, run_id: str, fields: Mapping[str, str]) -> None:
    """Take one answer. Whatever becomes of it is in the record, and the run's screen shows it. Raises Turned."""
    again = f"/page/runs/{run_id}"
    form = page.key.open("answer", fields.get("form", ""), now().timestamp())
    if form is None or form["session"] != session.id or form["run"] != run_id:
        raise Turned(403, "This form is over", "It is too old, or another's. Nothing was recorded.", to=again)
    answer = fields.get("answer", "")
    if answer not in {"approve", "object"}:
        raise Turned(400, "No answer", "Nothing was recorded.", to=again)
    reason = " ".join(fields.get("reason", "").split())
    if len(reason) > LONGEST_REASON or (answer == "object" and not reason):
        why = f"Say why, in at most {LONGEST_REASON} letters: whoever decides next reads it. Nothing was recorded."
        raise Turned(400, "An objection says why", why, to=again)
    said: Said = "approve" if answer == "approve" else "object"
    if not await asyncio.to_thread(page.shelf.spend, "form", form["nonce"], session.person):
        raise Turned(409, "Sent before", "This answer was sent already: see what became of it.", to=again)
    try:
        sayer = await _proven(page, session, form, said, fields)
    except NotProven as unproven:
        await _turned_away(page, session, form, said, str(unproven))
        return
    try:
        await page.house.say(
            run_id, said, sayer, scope_hash=form["scope_hash"], wall=form["wall"], shown=form["shown"], reason=reason
        )
    except Refused as refused:
        raise Turned(409, "Not taken", str(refused), to=again) from None


async def _proven(
    page: Page, session: Session, form: Mapping[str, Any], said: Said, fields: Mapping[str, str]
) -> Sayer:
    """Who says it, by a passkey that signed it, or by a code. Raises NotProven."""
    if fields.get("passkey"):
        mine = await page.passkeys(session.person)
        of = statement(form, session.person, said)
        found = signed(page.site, mine, fields["passkey"], challenge("answer", of))
        if not await asyncio.to_thread(page.shelf.signed, found.passkey, found.signs):
            raise NotProven("The passkey was used elsewhere at this very moment: answer again.")
        return page.proven(page.sayer(session.person, "passkey"), {**found.evidence, "nonce": of["nonce"]})
    if fields.get("code"):
        return await _by_code(page, session.person, fields["code"])
    raise NotProven("Neither a passkey nor a code came with it.")


async def _by_code(page: Page, person: str, code: str) -> Sayer:
    inventory = page.house.inventory
    reference = inventory.config.people[person].totp
    if reference is None:
        raise NotProven("No secret of an app's codes is configured for you.")
    try:
        secret = inventory.resolve(reference)
    except BadInventory:
        raise NotProven("The secret of your app's codes cannot be read on this machine.") from None
    checked = await asyncio.to_thread(page.codes.check, person, secret, code)
    if isinstance(checked, Wrong):
        raise NotProven(checked.why)
    return page.sayer(person, "totp")


async def _turned_away(page: Page, session: Session, form: Mapping[str, Any], said: Said, why: str) -> None:
    """Record that whoever holds somebody's session tried, and proved nothing."""
    body = {
        "wall": form["wall"], "answer": "yes" if said == "approve" else "no", "code": "unproven",
        "by": Private(f"{UNPROVEN}{session.person}"), "why": Private(why),
    }  # fmt: skip
    await page.house.journal.say(form["run"], [Draft("turned_away", body)])
