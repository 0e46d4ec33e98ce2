"""What the page's routes share: where it is, its key and rows, and who may look at what."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from engine.approvals import Question, Standing, decisions_of, standing, targets_of
from engine.approvals.question import target_among
from engine.approvals.saying import asked_of, targets_beside
from inventory.proof import How, Sayer, of_person
from inventory.ways import PageEntry
from journal.clock import now
from journal.replay import Run
from triggers.house import House
from triggers.page.codes import Codes
from triggers.page.folds import Folds
from triggers.page.guard import Guard, Session, Turned
from triggers.page.links import Links
from triggers.page.passkeys import Site, asking, challenge
from triggers.page.shelf import Passkey, Shelf
from triggers.page.where import key_of

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
ENTER_S = 300


@cache
def templates() -> Environment:
    """The templates: every value is escaped, and one that is missing is a fault."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


class Page:
    """One page, of one house."""

    def __init__(self, house: House, entry: PageEntry) -> None:
        """Read the page's key; made in the state folder where none is configured. Raises NoKey."""
        self.house, self.entry = house, entry
        self.site = Site(entry.url, entry.bound_to)
        self.key = key_of(house.inventory, house.state, entry)
        self.guard = Guard(self.site, self.key)
        self.shelf = Shelf(house.journal.database, house.journal.id)
        self.links = Links(self.shelf, self.key)
        self.codes = Codes(self.shelf)
        self._folds = Folds(house.journal)

    def render(self, name: str, status: int = 200, session: Session | None = None, **values: Any) -> HTMLResponse:
        """A screen."""
        who = self.name(session.person) if session is not None else values.pop("who", "")
        text = templates().get_template(name).render(session=session, who=who, **values)
        return HTMLResponse(text, status)

    def turned(self, turned: Turned) -> HTMLResponse:
        """The screen of a request that leads nowhere."""
        more = self.to_enter() if turned.sign_in else {}
        return self.render(
            "message.html.j2", turned.status, title=turned.title, why=turned.why, to=turned.to, to_label="Look at the run",
            sign_in=turned.sign_in, scripted=turned.sign_in, **more,
        )  # fmt: skip

    def name(self, person: str) -> str:
        """As people know them."""
        known = self.house.inventory.config.people.get(person)
        return known.name if known is not None else "somebody"

    def sayer(self, person: str, how: How) -> Sayer:
        """Somebody of the configuration, as it is now. Raises Turned for whoever is not in it any more."""
        found = of_person(self.house.inventory.config.people, person, how)
        if found is None:
            raise Turned(403, "Not known", "The configuration does not name you any more.")
        return found

    def to_enter(self) -> dict[str, Any]:
        """What a form needs to enter with whichever passkey the phone has for this site."""
        import secrets

        nonce = secrets.token_urlsafe(24)
        form = self.key.close("enter", {"nonce": nonce}, now().timestamp() + ENTER_S)
        return {
            "sign_form": form, "asking": json.dumps(asking(self.site, ())),
            "sign_challenge": as_challenge("enter", {"nonce": nonce}),
        }  # fmt: skip

    def session(self, request: Request, run: str | None = None) -> Session:
        """Who looks, at this run or (None) at all. Raises Turned, with the way in."""
        session = self.guard.session(request, now().timestamp())
        if session is None:
            raise Turned(
                401, "Who are you?", "Enter with your passkey, or open the link that you were sent.", sign_in=True
            )
        self.sayer(session.person, "passkey")
        if session.run not in {"", run}:
            why = "The link that you opened is for another run only. With your passkey you look at all."
            raise Turned(403, "Not by this link", why, sign_in=True)
        return session

    async def run(self, run_id: str, session: Session) -> Run:
        """A run, for somebody who may look at it. Raises Turned: no such run, or they are among what it acts on."""
        run = await self._folds.run(run_id)
        if run is None:
            raise Turned(404, "No such run", f"There is no run {run_id[:60]!a} in this journal.")
        sayer = self.sayer(session.person, "passkey")
        targets = targets_of(run) | await asyncio.to_thread(targets_beside, self.house.journal, run)
        if target_among(sayer.accounts, targets):
            why = f"{sayer.name} has no say in this incident, and is not shown it: an account of theirs is among what it acts on."
            raise Turned(403, "Not yours to see", why)
        return run

    async def question(self, run: Run, wall: str | None = None) -> tuple[Question | None, Standing | None]:
        """What a run asks, and how that stands."""
        question = await asyncio.to_thread(asked_of, self.house.journal, run, wall)
        if question is None:
            return None, None
        people = self.house.inventory.config.people
        return question, standing(question, decisions_of(run, question), people, now())

    async def passkeys(self, person: str = "") -> list[Passkey]:
        """The passkeys that count."""
        return await asyncio.to_thread(self.shelf.passkeys, person)

    def proven(self, sayer: Sayer, evidence: dict[str, Any]) -> Sayer:
        """Somebody with what proves them."""
        return replace(sayer, evidence=evidence)


def as_challenge(purpose: str, statement: dict[str, Any]) -> str:
    """A challenge as browsers take it."""
    from triggers.page.key import to_text

    return to_text(challenge(purpose, statement))
