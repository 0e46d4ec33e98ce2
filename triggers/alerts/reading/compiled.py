"""A source's file made ready: its paths read, its expressions checked against its facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from language.expression import Expression, Language
from language.kinds import words
from language.messages import Messages
from language.values import Doubt, Told
from triggers.alerts.reading.facts import TYPES, Wanted, wanted
from triggers.alerts.reading.paths import Path, Payload, path_of, says
from triggers.alerts.reading.source import Choice, Source, Take

TEXT, NUMBER, TIME, TRUTH = "STRING", "DOUBLE", "TIMESTAMP", "BOOL"
FIELDS = ("app", "principal", "token", "resource", "ip")
TIMES = ("time", "first_seen", "last_seen", "detected_at")


class BadSource(Exception):
    """A source's file has mistakes; a line each."""


class Unsound(Exception):
    """What a source says does not fit together; `wrong` has the key, as in `alert.id`, and what is wrong with it."""

    def __init__(self, wrong: Sequence[tuple[str, str]]) -> None:
        """Keep all of it."""
        super().__init__("; ".join(f"{key}: {said}" for key, said in wrong))
        self.wrong = wrong


@dataclass(frozen=True)
class Chosen:
    """Expressions in the order in which they are tried; None where there are none."""

    takes: tuple[tuple[Expression | None, tuple[Expression, ...]], ...]

    def answer(self, language: Language, told: Told, torn: Collection[str] = ()) -> Any:
        """The first answer there is; None where there is none, or where it would rest on a fact that is `torn`."""
        for when, expressions in self.takes:
            if when is not None and not holds(language, when, told):
                continue
            for expression in expressions:
                if torn and any(len(path) > 1 and path[1] in torn for path in expression.paths):
                    return None
                value = language.answer(expression, told)
                if not isinstance(value, Doubt):
                    return value
            if when is not None:
                return None
        return None


def holds(language: Language, when: Expression, told: Told) -> bool:
    """Whether a condition holds. A doubt does not: what is not there makes nothing worse, and nothing a sample."""
    answer = language.answer(when, told)
    return not isinstance(answer, Doubt) and answer is True


@dataclass(frozen=True)
class Asked:
    """One test of what a finding is."""

    path: Path
    texts: tuple[str, ...] | None
    part: bool
    text: str

    def fits(self, payload: Payload) -> bool:
        """Whether it holds."""
        found = payload.at(self.path)
        if self.texts is None:
            return bool(found)
        return says(found, self.texts, holds=self.part)


@dataclass(frozen=True)
class Listed:
    """Where things of one kind are, with the paths of what is known of each."""

    said: Any
    each: Path | None
    paths: Mapping[str, tuple[Path, ...]]


@dataclass(frozen=True)
class Compiled:
    """A source that can read."""

    source: Source
    language: Language
    facts: tuple[Wanted, ...]
    recognise: tuple[tuple[Asked, ...], ...]
    items: tuple[Path, ...]
    delivery: tuple[Path, ...]
    choices: Mapping[str, Chosen]
    lists: Mapping[str, tuple[Chosen, ...]]
    truths: Mapping[str, tuple[Expression, ...]]
    named: Mapping[str, tuple[Listed, ...]] = field(default_factory=dict)

    def told(self, payload: Payload, notes: list[str], torn: set[str]) -> Told:
        """Find every fact of a finding, and work out what follows. `torn` takes those with several answers."""
        facts = {one.name: one.among(payload, notes, torn) for one in self.facts}
        told = Told(facts)
        for name in self.source.derived:
            facts[name] = self.choices[f"derived.{name}"].answer(self.language, told)
        return told

    def choose(self, name: str, told: Told, torn: Collection[str] = ()) -> Any:
        """Answer one of the fields; None where there is no answer, or no expression."""
        chosen = self.choices.get(name)
        return chosen.answer(self.language, told, torn) if chosen is not None else None

    def first(self, name: str, told: Told) -> int | None:
        """Which of a list of conditions is the first that holds."""
        for number, expression in enumerate(self.truths.get(name, ())):
            if holds(self.language, expression, told):
                return number
        return None


class _Compiler:
    """Reads expressions and collects what is wrong with them."""

    def __init__(self, source: Source, facts: Sequence[Wanted]) -> None:
        kinds = {one.name: TYPES[one.kind] for one in facts} | dict.fromkeys(source.derived, TYPES["text"])
        messages = Messages()
        self.language = Language(messages, {"fact": messages.message("rf.Facts", kinds)})
        self.source = source
        self.wrong: list[tuple[str, str]] = []

    def one(self, text: str, where: str, kind: str) -> Expression | None:
        made = self.language.compile(text)
        if isinstance(made, list):
            self.wrong += ((where, f"`{text}`: {flaw.message}") for flaw in made)
            return None
        if made.type != kind:
            self.wrong.append((where, f"`{text}` is {words(made.type)}, and here belongs {words(kind)}"))
            return None
        return made

    def chosen(self, choice: Choice | None, where: str, kind: str) -> Chosen:
        takes = []
        for one in [choice] if isinstance(choice, str) else choice or []:
            when = self.one(one.when, where, TRUTH) if isinstance(one, Take) else None
            texts = [one] if isinstance(one, str) else [one.take] if isinstance(one.take, str) else one.take
            made = [self.one(text, where, kind) for text in texts]
            takes.append((when, tuple(e for e in made if e is not None)))
        return Chosen(tuple(takes))

    def truths(self, texts: Sequence[str], where: str) -> tuple[Expression, ...]:
        return tuple(e for text in texts if (e := self.one(text, where, TRUTH)) is not None)


def compiled(source: Source) -> Compiled:
    """Make a source ready. Raises Unsound with every mistake in it."""
    wrong: list[tuple[str, str]] = []
    facts, tests = [], []
    for name, fact in source.facts.items():
        try:
            facts.append(wanted(name, fact))
        except ValueError as error:
            wrong.append((f"facts.{name}", str(error)))
    for alternative in source.recognise:
        try:
            tests.append(tuple(map(_asked, alternative)))
        except ValueError as error:
            wrong.append(("recognise", str(error)))
    if wrong:
        raise Unsound(wrong)
    with_ = _Compiler(source, facts)
    alert, severity = source.alert, source.severity
    choices = {name: with_.chosen(getattr(alert, name), f"alert.{name}", TEXT) for name in _texts()}
    choices |= {name: with_.chosen(getattr(alert, name), f"alert.{name}", TIME) for name in TIMES}
    choices |= {f"derived.{name}": with_.chosen(one, f"derived.{name}", TEXT) for name, one in source.derived.items()}
    choices["raw"] = with_.chosen(severity.raw, "severity.raw", TEXT)
    choices["word"] = with_.chosen(severity.word, "severity.word", TEXT)
    choices["number"] = with_.chosen(severity.number, "severity.number", NUMBER)
    lists = {
        name: tuple(with_.chosen(one, f"alert.{name}", TEXT) for one in getattr(alert, name) or [])
        for name in ("key", "revision", "links")
    }
    truths = {
        "sample": with_.truths(alert.sample, "alert.sample"),
        "test": with_.truths(alert.test, "alert.test"),
        "status": with_.truths([one.when for one in alert.status], "alert.status"),
        "rules": with_.truths([one.when for one in severity.rules], "severity.rules"),
        "drop": with_.truths([one.when for one in source.drop], "drop"),
        "ignore": with_.truths([one.when for one in source.ignore], "ignore"),
    }
    if with_.wrong:
        raise Unsound(with_.wrong)
    return Compiled(
        source, with_.language, tuple(facts), tuple(tests), tuple(map(path_of, source.items)),
        tuple(map(path_of, source.delivery)), choices, lists, truths,
        {kind: tuple(map(_listed, getattr(source, kind))) for kind in ("principals", "credentials", "resources", "ips")},
    )  # fmt: skip


def _texts() -> tuple[str, ...]:
    return ("id", "key_of", "type", "title", *FIELDS)


def _asked(text: str) -> Asked:
    # The first mark outside brackets parts the path from what it must say.
    depth = 0
    for at, letter in enumerate(text):
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter in "=~" and not depth:
            texts = tuple(one.strip().lower() for one in text[at + 1 :].split("|"))
            return Asked(path_of(text[:at]), texts, letter == "~", text)
    return Asked(path_of(text), None, False, text)


_LABELS = frozenset({"kind", "role", "provider", "each"})


def _listed(said: Any) -> Listed:
    paths = {}
    for name in type(said).model_fields:
        value = getattr(said, name)
        if name in _LABELS or value is None:
            continue
        paths[name] = tuple(map(path_of, value))
    return Listed(said, path_of(said.each) if said.each else None, paths)
