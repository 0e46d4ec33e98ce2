"""The page's routes: a run and what it asks, the answer, the live part, the list of open questions.

app.include_router(router(house))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from engine.approvals import Question
from inventory.ways import PageEntry
from journal.clock import now
from journal.errors import JournalError
from journal.replay import Run
from reports.asked import scope
from reports.text import safe
from triggers.house import House
from triggers.page import screens
from triggers.page.deciding import decide, statement
from triggers.page.entering import add_entries
from triggers.page.guard import FORM_S, Guard, Session, Turned
from triggers.page.listing import listed
from triggers.page.live import Watchers
from triggers.page.page import HERE, Page, as_challenge
from triggers.page.passkeys import asking
from triggers.page.sheet import Sheet, sheet

STATIC = {"page.css": "text/css", "page.js": "text/javascript"}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def router(house: House, entry: PageEntry | None = None) -> APIRouter:
    """The page of a house that is configured to have one (`page:`). Raises NoKey."""
    found = entry or house.inventory.config.page
    assert found is not None, "the configuration has a page"
    page = Page(house, found)
    routes = APIRouter(prefix="/page", route_class=_guarded(page), include_in_schema=False)
    watchers = Watchers(page)

    @routes.get("")
    async def front(request: Request) -> Response:
        session = page.guard.session(request, now().timestamp())
        if session is None or session.run:
            return page.render("enter.html.j2", scripted=True, **page.to_enter())
        page.session(request)
        return page.render("list.html.j2", session=session, **await listed(page, session))

    @routes.get("/runs/{run_id}")
    async def shown(request: Request, run_id: str) -> Response:
        session = page.session(request, run_id)
        return await _shown(page, session, await page.run(run_id, session))

    @routes.post("/runs/{run_id}/answer")
    async def answered(request: Request, run_id: str) -> Response:
        session = page.session(request, run_id)
        await page.run(run_id, session)
        await decide(page, session, run_id, await page.guard.form(request))
        return RedirectResponse(f"/page/runs/{run_id}", 303)

    @routes.get("/runs/{run_id}/live")
    async def live(request: Request, run_id: str) -> Response:
        session = page.session(request, run_id)
        await page.run(run_id, session)
        return watchers.stream(session, run_id)

    @routes.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in STATIC:
            raise Turned(404, "Nothing here", "There is no such page.")
        return FileResponse(HERE / "static" / name, media_type=STATIC[name])

    add_entries(routes, page)
    return routes


def _guarded(page: Page) -> type[APIRoute]:
    """Routes whose every answer has the page's headers, and whose every refusal is a screen."""
    guard: Guard = page.guard

    class Guarded(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                try:
                    guard.admit(request)
                    response = await handle(request)
                except Turned as turned:
                    response = page.turned(turned)
                except JournalError as error:
                    why = f"{error} Nothing of what you sent is known to be recorded."
                    response = page.turned(Turned(503, "The record cannot be reached", why))
                response.headers.update(guard.headers())
                return response

            return guarded

    return Guarded


async def _shown(page: Page, session: Session, run: Run) -> Response:
    """The run, what it asks, and what became of what this person said."""
    people = page.house.inventory.config.people
    question, stands = await page.question(run)
    asks = question if question is not None and not question.opened else None
    shown = sheet(run, asks, stands if asks is not None else None, people)
    sayer = page.sayer(session.person, "passkey")
    may = screens.may(run, question, sayer, people, now())
    if not page.house.is_ours(run):
        elsewhere = (
            "This run was opened with another configuration than this page's: answer it by the command line there."
        )
        may = screens.May(elsewhere, elsewhere)
    ask = await _ask(page, session, run, asks, shown, may) if asks is not None and not (may.yes and may.no) else None
    notice = screens.last_said(run, question, stands, session.person, people)
    opened = run.opened
    return page.render(
        "run.html.j2", session=session, scripted=True, banner=screens.banner(run), run_id=safe(run.id, 120), notice=notice,
        what=safe(opened.get("integration_title") or opened.get("integration") or opened.get("playbook", "?"), 120),
        live=screens.live(run), parts=shown.parts, ask=ask, plan=screens.plan(run),
        cannot=[may.yes] if ask is None and question is not None and notice is None else [],
    )  # fmt: skip


async def _ask(
    page: Page, session: Session, run: Run, question: Question, shown: Sheet, may: screens.May
) -> dict[str, Any]:
    """The forms: each signed for just this person, scope and text, each with the challenge of its own answer."""
    import secrets

    passkeys = await page.passkeys(session.person)
    codes = page.house.inventory.config.people[session.person].totp is not None
    body = {
        "session": session.id, "run": run.id, "wall": question.wall, "scope_hash": question.scope_hash,
        "shown": shown.digest, "nonce": secrets.token_urlsafe(24),
    }  # fmt: skip
    answers = [name for name, why in (("approve", may.yes), ("object", may.no)) if not why]
    no_proof = "You have neither a passkey nor a code here: `ringfence person passkey NAME` makes one. You can look, not answer."
    return {
        "scope": scope(question.scope_hash), "what": _what(run, question), "asked": f"{question.wall} {question.scope_hash}",
        "form": page.key.close("answer", body, now().timestamp() + FORM_S),
        "asking": json.dumps(asking(page.site, passkeys)) if passkeys else "", "codes": codes,
        "no_proof": "" if passkeys or codes else no_proof,
        "forms": [
            {"answer": one, "challenge": as_challenge("answer", statement(body, session.person, one))}
            for one in (answers if passkeys or codes else [])
        ],
        "cannot": [why for why in (may.yes, may.no) if why],
    }  # fmt: skip


def _what(run: Run, question: Question) -> str:
    """What a yes lets happen, in a word or two."""
    if question.wall == "hold":
        return "the hold"
    return "giving back" if run.recovers else "the cut"
