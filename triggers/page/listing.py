"""The list: what somebody can answer now, and what else is under way."""

from __future__ import annotations

from typing import Any

from journal.clock import now
from triggers.page import screens
from triggers.page.guard import Session, Turned
from triggers.page.page import Page

MOST = 40
"""Runs that are looked at for one list."""


async def listed(page: Page, session: Session) -> dict[str, Any]:
    """My questions, and the other runs that are under way, newest first."""
    people = page.house.inventory.config.people
    rows = [row for row in await page.house.runs() if row.lock is not None or row.owner is not None]
    mine: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for one in rows[:MOST]:
        try:
            run = await page.run(one.run, session)
        except Turned:
            continue
        question, _ = await page.question(run)
        may = screens.may(run, question, page.sayer(session.person, "passkey"), people, now())
        asks = question is not None and not question.opened
        if asks and not may.yes:
            mine.append(screens.row(run, question, ""))
        else:
            others.append(screens.row(run, question if asks else None, may.yes if asks else ""))
    return {"mine": mine, "others": others, "left": max(len(rows) - MOST, 0)}
