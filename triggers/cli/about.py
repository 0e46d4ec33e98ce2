"""A run that somebody decides about: shown, named by its scope, said, recorded, and told what became of it."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from triggers.cli import place
from triggers.cli.desk import who
from triggers.cli.say import as_json, line
from triggers.cli.taking import open_for, recorded, surroundings

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from engine.approvals import Question, Say
    from engine.approvals.saying import Said
    from inventory.read import Inventory
    from journal import Journal
    from journal.replay import Run
    from triggers.cli.proving import Proof

T = TypeVar("T")
HASH_LETTERS = 8


@dataclass
class About:
    """A run that somebody decides about, and who they are."""

    run: Run
    inventory: Inventory
    journal: Journal
    proof: Proof
    wall: str | None

    @staticmethod
    def of(
        run_id: str, config: Path | None, *, wall: str | None, who_: str | None, token: str | None, key: Path | None
    ) -> About:
        """Read the run and find out who speaks. Raises Refused; NoKey where the names in its incident do not open."""
        from triggers.cli.proving import prove

        found = recorded(run_id, config)
        inventory, _ = surroundings(found, config)
        proof = prove(inventory, name=who_, token=token, key=key)
        journal = open_for(found, inventory, config)
        try:
            journal.need_names(found.incident)
            from engine.approvals.saying import run_of

            return About(run_of(journal, run_id), inventory, journal, proof, wall)
        except BaseException:
            journal.close()
            raise

    def say(
        self, answer: Any, scope_hash: str | None, reason: str, *, code: str | None = "", glass: bool = False, hot: bool = False,
        json: bool = False,
    ) -> Said:  # fmt: skip
        """Show the question, let it be named by its hash, and record what is said."""
        from engine.approvals import Say, decisions_of, standing
        from engine.approvals.saying import asked_of, say
        from journal.clock import now
        from triggers.house import asking
        from triggers.house.saying import source_of

        people, question = self.inventory.config.people, asked_of(self.journal, self.run, self.wall)
        text = ""
        if question is not None and not question.opened:
            stands = standing(question, decisions_of(self.run, question), people, now())
            text = asking.shown(self.run, question, stands, people)
            if not json:
                for one in text.splitlines():
                    line(one)
        named = _named(question, scope_hash, answer)
        what: Say = Say(self.proof.sayer, answer, named, code, glass, hot, reason)
        review_s = self.inventory.config.approvals.review_s
        said = asyncio.run(self.recorded(say(
            self.journal, self.run.id, self.wall, what, people, shown=asking.digest(text), sign=self.proof.sign,
            os=who(), source=source_of(self.inventory), review_s=review_s,
        )))  # fmt: skip
        self._tell_of(said, glass=glass or hot)
        _became(self.run, said, what, text, people, json=json)
        return said

    async def recorded(self, saying: Coroutine[Any, Any, T]) -> T:
        """Record it, and carry the head of the run outside at once: nobody may be at the run to do so."""
        from triggers.cli.anchoring import anchorer

        said = await saying
        anchors = anchorer(self.journal, self.inventory, lambda text: print(text, file=sys.stderr), self.run.id)
        anchors.start()
        await anchors.end()
        return said

    def _tell_of(self, said: Said, *, glass: bool) -> None:
        if said.opened and glass:
            from engine.telling import told

            async def page() -> None:
                if drafts := await told(self.inventory, self.run, "break-glass"):
                    await self.journal.say(self.run.id, drafts)

            asyncio.run(page())


def _named(question: Question | None, given: str | None, answer: str) -> str:
    """The scope that is decided about: given, or typed by whoever sits here. Nobody decides about what they did not see."""
    if given is not None:
        if len(given.strip()) < HASH_LETTERS:
            raise place.Refused(f"--scope-hash {given[:20]!a} is too short: {HASH_LETTERS} letters at least.")
        return given
    if question is None or question.opened:
        return ""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise place.Refused(
            f"Without a terminal, say which scope you {'approve' if answer == 'yes' else 'object to'}: --scope-hash and"
            f" its hash, at least {HASH_LETTERS} letters, as it stands in what you were shown. Nothing was recorded."
        )
    typed = input(
        f"Type the first {HASH_LETTERS} letters of the scope to {'approve' if answer == 'yes' else 'object to'} it: "
    )
    if len(typed.strip()) < HASH_LETTERS:
        raise place.Refused("Nothing was recorded.")
    return typed


def _became(run: Run, said: Said, what: Say, text: str, people: Any, *, json: bool) -> None:
    from triggers.house import asking

    if json:
        body = {
            "run": run.id, "answer": what.answer, "counts": said.heard.counts, "code": said.heard.code,
            "why": said.heard.why, "by": what.sayer.by if what.sayer is not None else "", "opened": said.opened,
            "shown": asking.digest(text), "text": text,
        }  # fmt: skip
        stands = asking.as_body(said.question, said.stands) if said.question and said.stands else {}
        as_json({**body, "question": stands})
        return
    if not said.heard.counts:
        print(f"Turned away: {said.heard.why}", file=sys.stderr)
        return
    assert said.question is not None
    assert said.stands is not None
    who_said = what.sayer.name if what.sayer is not None else ""
    scope = f"scope {said.question.scope_hash[:HASH_LETTERS]}"
    if what.answer == "no":
        line(
            f"{who_said} objects to {scope}. What is held stays held. It waits for {asking.waits_for(said.stands, people)}."
        )
    elif said.opened:
        line(f"{who_said} approves {scope}: the wall is open.")
        line(f"Whoever carries run {run.id} out goes on within a second; if nobody does: `ringfence resume {run.id}`.")
        if what.glass or what.hot:
            line(
                f"{'The glass is broken' if what.glass else 'Cut alone, as he is at it'}: somebody else reviews it with `ringfence review {run.id}`."
            )
    else:
        line(f"{who_said} approves {scope}. It waits for {asking.waits_for(said.stands, people)}.")
