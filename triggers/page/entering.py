"""Ways into the page: a link, which is opened once; a passkey; and the making of a passkey."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from journal.clock import now, wall
from journal.errors import JournalError
from journal.event import Draft, Private
from reports.text import day, safe
from triggers.page import screens
from triggers.page.guard import Turned, new_session
from triggers.page.links import Gone, Link
from triggers.page.page import ENTER_S, Page
from triggers.page.passkeys import NotProven, challenge, made, making, signed

if TYPE_CHECKING:
    from fastapi import APIRouter

LONGEST_LABEL = 40
MOST_PASSKEYS = 10


def add_entries(routes: APIRouter, page: Page) -> None:
    """Add them to the page's routes."""

    @routes.get("/l/{text}")
    async def look(text: str) -> Response:
        """Shows, and uses nothing up: whoever previews links fetches this."""
        try:
            link = await asyncio.to_thread(page.links.look, text)
        except Gone as gone:
            raise _gone(gone) from None
        run = await page.house.run(link.opens.run) if link.opens.run else None
        return page.render(
            "link.html.j2", banner=screens.banner(run) if run is not None else None, purpose=link.opens.purpose,
            who=page.name(link.opens.person), run_id=safe(link.opens.run, 120), until=_minute(link.until),
        )  # fmt: skip

    @routes.post("/l/{text}")
    async def open_(text: str) -> Response:
        """Opens it, once."""
        try:
            link = await asyncio.to_thread(page.links.use, text)
        except Gone as gone:
            raise _gone(gone) from None
        page.sayer(link.opens.person, "passkey")
        await _opened(page, link)
        at = now().timestamp()
        if link.opens.purpose == "enrol":
            return _enrol(page, link, at)
        response = RedirectResponse(f"/page/runs/{link.opens.run}", 303)
        page.guard.begin(response, new_session(link.opens.person, link.opens.run, "link", at), at)
        return response

    @routes.post("/enrol")
    async def enrol(request: Request) -> Response:
        return await _made(page, await page.guard.form(request))

    @routes.post("/enter")
    async def enter(request: Request) -> Response:
        fields = await page.guard.form(request)
        person = await _entered(page, fields)
        at = now().timestamp()
        response = RedirectResponse("/page", 303)
        page.guard.begin(response, new_session(person, "", "passkey", at), at)
        return response

    @routes.post("/leave")
    async def leave() -> Response:
        response = RedirectResponse("/page", 303)
        page.guard.end(response)
        return response


def _gone(gone: Gone) -> Turned:
    """What whoever holds a link that opens nothing is told."""
    to = f"/page/runs/{gone.opens.run}" if gone.opens is not None and gone.opens.run else ""
    if gone.why == "used":
        why = (
            f"It was opened at {day(gone.at)}. If that was you, on this phone, go on. If not, somebody else reads what"
            " you are sent: tell the commander, and enter with your passkey."
        )
        return Turned(410, "This link was used", why, sign_in=True, to=to)
    if gone.why == "over":
        why = f"It was good until {day(gone.at)}. Enter with your passkey, or ask for a new one: `ringfence page RUN --as NAME`."
        return Turned(410, "This link is over", why, sign_in=True, to=to)
    return Turned(404, "No link of ours", "It opens nothing here. Was all of it copied?", sign_in=True)


async def _opened(page: Page, link: Link) -> None:
    """Record that a link was opened. A record that cannot be written keeps nobody from looking."""
    if link.opens.run:
        body = {
            "whom": Private(f"person:{link.opens.person}"),
            "did": "opened",
            "purpose": link.opens.purpose,
            "until": "",
        }
        try:
            await page.house.journal.say(link.opens.run, [Draft("linked", body)])
        except JournalError:
            return


def _minute(at: datetime) -> str:
    return f"{at:%H:%M} UTC"


async def _entered(page: Page, fields: dict[str, str]) -> str:
    """Whose passkey signed just this entry. Raises Turned. Nothing is written for whoever proves nothing."""
    form = page.key.open("enter", fields.get("form", ""), now().timestamp())
    if form is None:
        raise Turned(403, "This form is over", "Enter again.", sign_in=True)
    try:
        all_ = await page.passkeys()
        found = signed(page.site, all_, fields.get("passkey", ""), challenge("enter", {"nonce": form["nonce"]}))
    except NotProven as unproven:
        raise Turned(403, "Not proven", str(unproven), sign_in=True) from None
    if not await asyncio.to_thread(page.shelf.spend, "enter", form["nonce"]):
        raise Turned(403, "This form was used", "Enter again.", sign_in=True)
    if not await asyncio.to_thread(page.shelf.signed, found.passkey, found.signs):
        raise Turned(409, "Used elsewhere", "The passkey was used elsewhere at this very moment.", sign_in=True)
    page.sayer(found.passkey.person, "passkey")
    return found.passkey.person


def _enrol(page: Page, link: Link, at: float) -> Response:
    """The form that makes a passkey: bound to the link that was just used up."""
    person = link.opens.person
    nonce = secrets.token_urlsafe(24)
    there = page.shelf.made(person)
    body = {"person": person, "nonce": nonce, "link": link.digest}
    options = making(page.site, person, page.name(person), challenge("enrol", body), there)
    return page.render(
        "enrol.html.j2", scripted=True, who=page.name(person), rp_id=page.site.rp_id, options=json.dumps(options),
        form=page.key.close("enrol", body, at + ENTER_S),
    )  # fmt: skip


async def _made(page: Page, fields: dict[str, str]) -> Response:
    """Keep a passkey that was made. It counts once whoever asked for the link has confirmed it."""
    form = page.key.open("enrol", fields.get("form", ""), now().timestamp())
    if form is None or not await asyncio.to_thread(page.shelf.spend, "enrol", form["nonce"], form["person"]):
        raise Turned(403, "This form is over", "Ask for a new link: `ringfence person passkey NAME`.")
    body = {"person": form["person"], "nonce": form["nonce"], "link": form["link"]}
    label = safe(" ".join(fields.get("label", "").split()) or "phone", LONGEST_LABEL)
    try:
        found = made(page.site, form["person"], label, fields.get("passkey", ""), challenge("enrol", body), wall())
    except NotProven as unproven:
        raise Turned(403, "Not made", f"{unproven} Ask for a new link.") from None
    there = await asyncio.to_thread(page.shelf.made, form["person"])
    if len(there) >= MOST_PASSKEYS or not await asyncio.to_thread(page.shelf.add_passkey, found):
        raise Turned(409, "Not kept", f"It is known already, or you have {MOST_PASSKEYS}: take one away first.")
    return page.render("enrolled.html.j2", spoken=found.spoken, who=page.name(form["person"]))
