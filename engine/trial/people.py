"""The people of a case: who answers at its walls, and whose hands do what no API can."""

from __future__ import annotations

import asyncio

from engine.by_hand import ASKED, awaited, said_key
from engine.paces import BY_HAND_WITHIN_S
from engine.state import Answered, Live
from engine.trial.case import Answer, Answers
from engine.trial.wire import Stage
from engine.words_of_people import NotTaken, attested
from inventory.proof import Sayer
from journal.errors import JournalError
from journal.run import Run

HANDS_S = 30.0
"""For so long a person's hands are at it."""
LOOKS_S = 1.0
PATIENT_S = 3600.0
"""Nobody sits before a run for longer than that, only to wait for somebody else."""


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
            try:
                said = attested(live.run, step, sayer, "by the hands of the case")
                await live.journal.say(live.run.id, [said])
            except (NotTaken, JournalError) as error:
                stage.broken.append(f"{step}: what the hands of the case say is not taken: {error}")
        if live.attended and _left_alone(stage, live, done):
            live.attended = False
            live.moved.set()


def _left_alone(stage: Stage, live: Live, done: set[tuple[str, bool]]) -> bool:
    """Whether the run waits for longer than anybody stays, for what no hand of the case will do.

    Then it rests as it does where nobody sits; without this it waited for all of a step's `within`, be it days.
    """
    able = {step for step, hand in stage.told.case.hands.items() if hand != "nobody"}
    if live.run.word == "recovering":  # one step after the other: the one that is asked about is all there is
        waiting = [
            bound for name, asked in live.run.steps.items()
            if asked.get("state") == ASKED and ((bound := live.every[name]).phase != "contain" or asked.get("back"))
            and said_key(bound, back=bool(asked.get("back"))) not in live.run.attested
        ]  # fmt: skip
        coming = able & {bound.id for bound in waiting}
    else:
        waiting = awaited(live)
        coming = {s for s in able & live.bound.keys() if (s, False) not in done and not live.views[s].settled.is_set()}
    longest_s = max((bound.step.within_s or BY_HAND_WITHIN_S for bound in waiting), default=0.0)
    return not coming and longest_s > PATIENT_S
