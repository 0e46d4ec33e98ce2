"""What waits for what, what stands below the wall, and the rules of containment that follow from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from language.catalogue import Catalogue, Entry
from language.errors import Place, Report, nearest, short
from language.expression import Expression
from language.model import PHASES, Phase, Step
from language.programs import Compiler
from language.source import Items
from language.subs import PREFIX
from language.template import expressions

_MOST_SHOWN = 12
UNDONE: dict[str, Phase] = {"contain": "contain", "eradicate": "eradicate"}
"""What `undo:` takes beside ids of steps."""


@dataclass
class Order:
    """Who waits for whom. The wall itself is in no list: everything below it waits for it."""

    waits: dict[str, frozenset[str]] = field(default_factory=dict)
    below_wall: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    cuts: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()


class Arranger:
    """Checks one playbook's order and its steps' places."""

    def __init__(self, compiler: Compiler, catalogue: Catalogue, report: Report) -> None:
        self.compiler = compiler
        self.shaped = compiler.shaped
        self.playbook = compiler.shaped.playbook
        self.catalogue = catalogue
        self.report = report
        self.phases: dict[str, Phase] = {s.id: name for name in PHASES for s in self.playbook.phase(name)}
        self.steps: Mapping[str, Step] = {s.id: s for s in self.playbook.steps}
        self.below: set[str] = set()
        self.blocks = self._blocks()
        self.unresolved = any(s.kind == "uses" and compiler.entries[s.id] is None for s in self.playbook.contain)

    def run(self) -> Order:
        """Check everything."""
        for phase in PHASES:
            self._walls(phase, self.playbook.phase(phase))
        waits = {step.id: self._waits(step) for step in self.playbook.steps}
        self._circles(waits)
        for step in self.playbook.steps:
            self._rules(step)
        below = frozenset(s for s in self.below if self.phases[s] == "contain")
        cuts = frozenset(s.id for s in self.playbook.contain if self._cuts(s))
        found = {s: frozenset(places) for s, places in waits.items()}
        return Order(found, below, frozenset(self.below), cuts, self.blocks)

    def _at(self, step: Step, key: str) -> Place:
        return self.shaped.steps[step.id].at(key)

    def _needs(self, step: Step, number: int) -> Place:
        needs = self.shaped.steps[step.id].nodes["needs"]
        return needs.nodes[number].place if isinstance(needs, Items) else needs.place

    def _walls(self, phase: Phase, steps: tuple[Step, ...]) -> None:
        wall = None
        for number, step in enumerate(steps, 1):
            if step.kind == "approve" and wall is not None:
                self.report.add("walls", self._at(step, "approve"), "a phase has at most one approve line")
            elif step.kind == "approve":
                wall = step
            elif wall is not None:
                self.below.add(step.id)
            if step.kind == "watch" and (phase != "contain" or number != len(steps)):
                self.report.add("watch", self._at(step, "watch"), "a watch is the last line of contain")
            if step.kind == "undo" and phase != "recover":
                self.report.add("undo", self._at(step, "undo"), "undo belongs to recover")

    def _waits(self, step: Step) -> dict[str, Place]:
        """Gather what a step waits for, with the place that says so."""
        found: dict[str, Place] = {}
        for number, needed in enumerate(step.needs):
            at = self._needs(step, number)
            other = self.steps.get(needed)
            if other is None or not other.named:
                known = (s.id for s in self.playbook.steps if s.named)
                said = f"no step '{short(needed)}'{nearest(needed, known)}"
                self.report.add("unknown_step", at, said)
            else:
                found.setdefault(needed, at)
        for key in ("if", "where", "expect", "for_each", "with", "manual", "undo_by"):
            for expression in self._expressions(step, key):
                for named in expression.steps:
                    self._refer(step, key, named)
                    if named in self.steps and not (key == "expect" and named == step.id):
                        found.setdefault(named, self._at(step, key))
        for other_id, place in list(found.items()):
            if not self._may_wait(step, other_id, place):
                del found[other_id]
        return found

    def _expressions(self, step: Step, key: str) -> list[Expression]:
        programs = self.compiler.programs
        if key == "with":
            return list(expressions(programs.with_.get(step.id, {})))
        if key in {"manual", "undo_by"}:
            return list(expressions(programs.said.get((step.id, key), "")))
        asked = programs.asks.get((step.id, key))
        return [asked] if asked else []

    def _refer(self, step: Step, key: str, named: str) -> None:
        entry = self.compiler.entries.get(named)
        if key != "expect" or named == step.id or named not in self.steps:
            return
        if self.steps[named].kind != "uses" or (entry is not None and entry.kind not in {"find", "look"}):
            said = f"'{named}' is no find or look: it cannot be run again"
            self.report.add("expect", self._at(step, "expect"), said)

    def _may_wait(self, step: Step, other: str, place: Place) -> bool:
        mine, theirs = self.phases[step.id], self.phases[other]
        if other == step.id:
            self.report.add("circle", place, f"'{other}' waits for itself")
            return False
        if PHASES.index(theirs) > PHASES.index(mine):
            self.report.add("phase", place, f"'{other}' belongs to the later phase {theirs}")
            return False
        if mine == theirs and other in self.below and step.id not in self.below:
            self.report.add("order", place, f"stands above the approve line, but waits for '{other}' below it")
            return False
        return True

    def _circles(self, waits: dict[str, dict[str, Place]]) -> None:
        """Take away what waits for nothing, until only circles and what hangs on them are left."""
        waiting = {step: len(places) for step, places in waits.items()}
        followers: dict[str, list[str]] = {}
        for step, places in waits.items():
            for other in places:
                followers.setdefault(other, []).append(step)
        free = [step for step, count in waiting.items() if count == 0]
        while free:
            done = free.pop()
            del waiting[done]
            for follower in followers.get(done, ()):
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    free.append(follower)
        after = {step: next(o for o in waits[step] if o in waiting) for step in waiting}
        seen: set[str] = set()
        for start in waiting:
            path: dict[str, None] = {}
            step = start
            while step not in seen:
                seen.add(step)
                path[step] = None
                step = after[step]
            if step in path:  # else it led to a circle that was told already
                self._circle(list(path)[list(path).index(step) :], waits)

    def _circle(self, circle: list[str], waits: dict[str, dict[str, Place]]) -> None:
        at = circle.index(min(circle))
        names = [*circle[at:], *circle[:at], circle[at]]
        first, second = names[:2]
        shown = names if len(names) <= _MOST_SHOWN else [*names[: _MOST_SHOWN - 2], "…", names[-1]]
        said = f"'{first}' waits for '{second}', which waits for it: {' -> '.join(shown)}"
        self.report.add("circle", waits[first][second], said)

    def _rules(self, step: Step) -> None:
        entry = self.compiler.entries[step.id]
        expected = self.compiler.programs.asks.get((step.id, "expect"))
        if expected is not None and not expected.steps:
            said = "expect: names no step, so nothing is looked at again and it would never change"
            self.report.add("expect", self._at(step, "expect"), said)
        if step.stays is not None and step.expect is None:
            self.report.add("key", self._at(step, "stays"), "stays: says how long `expect` must hold: there is none")
        if step.kind == "uses":
            self._keys(step)
        if step.kind == "undo":
            self._undo(step)
        if self._cuts(step) and step.id not in self.below:
            self._above(step, entry)
        if entry is None or self.phases[step.id] != "contain":
            return
        self._reissue(step, entry)

    def _reissue(self, step: Step, entry: Entry) -> None:
        """Where tokens are killed and nothing stops new ones from being given out, the attacker takes the next one."""
        if step.accept_reissue or self.unresolved:
            return
        for kill in sorted(self._kills(entry), key=lambda e: e.name):
            if kill.system in self.blocks:
                continue
            family = min(f for f in kill.families if f.startswith("kills-"))
            by = "" if kill is entry else f" by {kill.name}"
            said = (
                f"{entry.name} {family.replace('-', ' ')} tokens{by}, but nothing in contain stops "
                f"{kill.system or 'it'} from giving out new ones: add such a step, or say accept_reissue: why"
            )
            self.report.add("no_block", self._at(step, "uses"), said)

    def _kills(self, entry: Entry) -> list[Entry]:
        """Which actions that kill a step comes to; of a macro, those at the systems that the integration has."""
        if entry.kind != "macro":
            return [entry] if any(f.startswith("kills-") for f in entry.families) else []
        has = {system for given in self.playbook.inputs.values() for system in given.has}
        return [
            e for e in self.catalogue.entries.values()
            if e.layer == entry.layer and e.system in has and any(f.startswith("kills-") for f in e.families)
        ]  # fmt: skip

    def _cuts(self, step: Step) -> bool:
        """Whether a step cannot be undone. A macro does above the wall what can be."""
        if step.kind == "manual":
            return step.undo_by is None
        entry = self.compiler.entries[step.id]
        return step.kind == "uses" and entry is not None and not entry.undoable

    def _above(self, step: Step, entry: Entry | None) -> None:
        below = "it belongs below an approve line"
        if step.kind == "manual":
            said = f"without undo_by a manual step counts as one that cannot be undone: {below}"
        elif step.id in self.compiler.subs:
            sub = self.compiler.subs[step.id].checked
            said = f"{step.uses} does what cannot be undone ({', '.join(sorted(sub.cuts)[:5])}): {below}"
        else:
            said = f"{entry.name if entry else step.uses} cannot be undone: {below}"
        self.report.add("above_wall", self._at(step, step.kind), said)

    def _blocks(self) -> frozenset[str]:
        """The systems at which a step of contain stops new access from being given out."""
        entries = [self.compiler.entries[s.id] for s in self.playbook.contain]
        layers = {e.layer for e in entries if e and e.kind == "macro" and e.layer}
        swept = [e for e in self.catalogue.entries.values() if e.layer in layers]
        ours = {e.system for e in [*entries, *swept] if e and e.system and "blocks-reissue" in e.families}
        used = (sub.blocks for step_id, sub in self.compiler.subs.items() if self.phases[step_id] == "contain")
        by_hand = (self._blocked_by_hand(step) for step in self.playbook.contain if step.manual)
        return frozenset(ours).union(*used, *by_hand)

    def _blocked_by_hand(self, step: Step) -> set[str]:
        """The systems at which a person stops new access: those whose foothold the step's text names."""
        blocks = "blocks-reissue" in step.closes or (not step.closes and step.layer == "application")
        integrations = [name for name, given in self.playbook.inputs.items() if given.type == "integration"]
        named = rf"\binputs\.(?:{'|'.join(integrations)})\.([a-z][a-z0-9_]*)\."
        return set(re.findall(named, step.manual or "")) if blocks and integrations else set()

    def _keys(self, step: Step) -> None:
        """Keys that mean something only beside others."""
        entry = self.compiler.entries[step.id]
        if entry is None:
            if not step.uses.startswith(PREFIX):  # of a playbook it was said why it cannot be used
                hint = nearest(step.uses, self.catalogue.entries)
                self.report.add("unknown_action", self._at(step, "uses"), f"no action '{short(step.uses)}'{hint}")
            return
        listed = entry.kind == "find" or step.for_each is not None
        from_inputs = (step.for_each or "").startswith("inputs.")
        kills = bool(self._kills(entry))
        whole = entry.kind in {"macro", "playbook"}
        for key, value, allowed, why in (
            ("for_each", step.for_each, not whole, f"{entry.name} works on all there is, not on one thing at a time"),
            ("at", step.at, not whole, f"{entry.name} goes over the connections of what it uses"),
            ("where", step.where, step.for_each is not None, "where filters a for_each: there is none"),
            ("may_be_empty", step.may_be_empty, listed or whole, "only a find or a step with for_each can be empty"),
            ("given_is_all", step.given_is_all, from_inputs, "only a for_each over inputs.… is given by somebody"),
            ("accept_reissue", step.accept_reissue, kills, f"{entry.name} kills nothing that could be issued again"),
        ):
            if value is not None and not allowed:
                self.report.add("key", self._at(step, key), f"{key}: {why}")
        integrations = [name for name, given in self.playbook.inputs.items() if given.type == "integration"]
        if entry.needs_integration and len(integrations) != 1:
            here = " and ".join(integrations) or "none"
            said = f"{entry.name} takes the playbook's only input of type integration; here: {here}"
            self.report.add("integration", self._at(step, "uses"), said)

    def _undo(self, step: Step) -> None:
        if step.undo in UNDONE:
            if not self.playbook.phase(UNDONE[step.undo]):
                self.report.add("undo", self._at(step, "undo"), f"there is no {step.undo} in this playbook")
            return
        place = self._at(step, "undo")
        target = self.steps.get(step.undo)
        if target is None or not target.named or self.phases[target.id] == "recover":
            named = [s.id for s in self.playbook.contain + self.playbook.eradicate if s.named]
            said = f"no step '{short(step.undo)}' before recover{nearest(step.undo, [*(p for p in UNDONE if self.playbook.phase(UNDONE[p])), *named])}"
            self.report.add("undo", place, said)
            return
        entry = self.compiler.entries[target.id]
        if target.kind == "manual" and target.undo_by is None:
            self.report.add("undo", place, f"'{target.id}' does not say how it is undone (undo_by)")
        elif entry is not None and (entry.kind in {"find", "look", "message"} or not entry.undoable):
            self.report.add("undo", place, f"'{target.id}' uses {entry.name}, which cannot be undone")
