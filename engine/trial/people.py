"""The people of a case: who answers at its walls, and whose hands do what no API can."""

from __future__ import annotations

import asyncio

from engine.by_hand import ASKED
from engine.state import Answered, Live
from engine.trial.case import Answer, Answers
from engine.trial.wire import Stage
from engine.words_of_people import attested
from inventory.proof import Sayer
from journal.run import Run

HANDS_S = 30.0
"""For so long a person's hands are at it."""
LOOKS_S = 1.0


class Desk:
    """Answers each question of a run as the case says."""

    def __init__(self, stage: Stage, answers: Answers) -> None:
        """Somebody sits there only where the case has hands that will do something."""
        self.attended = any(done != "nobody" for done in stage.told.case.hands.values())
        self.said: list[str] = []
        self._answers = answers

    async def ask(self, wall: str, role: str, shown: str) -> tuple[Answered, str, str]:
        """Answer as the case says."""
        said: dict[Answer, Answered] = {"given": "yes", "declined": "no", "nobody": "nobody"}
        answer = self._answers if isinstance(self._answers, str) else self._answers.get(role, "nobody")
        return said[answer], f"case:{role}", f"the case answers for {wall}, {len(shown)} characters shown"

    def changed(self, run: Run) -> None:
        """Nobody draws."""

    def say(self, line: str) -> None:
        """Keep what a responder would read."""
        self.said.append(line)


async def work(stage: Stage, live: Live) -> None:
    """Do by hand what the run asks for and the case has hands for, and say so in the record."""
    sayer = Sayer("case", "the hands of the case", frozenset({"responder", "approver", "commander"}), "key")
    done: set[tuple[str, bool]] = set()
    while True:
        await asyncio.sleep(LOOKS_S)
        for step, hand in stage.told.case.hands.items():
            asked = live.run.steps.get(step, {})
            once = (step, bool(asked.get("back")))
            if asked.get("state") != ASKED or hand == "nobody" or once in done:
                continue
            done.add(once)
            await asyncio.sleep(HANDS_S)
            if not once[1]:
                stage.by_hand(step)
            await live.journal.say(live.run.id, [attested(live.run, step, sayer, "by the hands of the case")])
