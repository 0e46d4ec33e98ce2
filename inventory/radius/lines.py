"""The blast radius in words, for a terminal: what reaches us, whom it hits, in which order it is revoked, what then stops."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import get_args

from connectors.core import Layer
from inventory.radius.graph import STATE_WORDS, back, by_whom, counted, counts, done, many, some
from inventory.radius.known import NAMED
from inventory.radius.model import Credentials, Foothold, Radius
from inventory.radius.text import contact, shown

WIDTH = 80


def lines(of: Radius, width: int = WIDTH) -> list[str]:
    """All of it, in lines of at most `width` letters."""
    said = [*_head(of), ("", ""), *_reaches(of), ("", ""), *_hits(of), ("", ""), *_order(of)]
    said += [("", ""), *_cannot(of), ("", ""), *_stops(of)]
    return [one for lead, text in said for one in _folded(lead, text, width)]


def _folded(lead: str, text: str, width: int) -> list[str]:
    """One sentence in as many lines as it takes; those after the first begin below its text."""
    if not text:
        return [lead.rstrip()]
    rest = "".join("│" if c in "│├" else " " for c in lead)
    return [
        (lead if at == 0 else rest) + part
        for at, part in enumerate(textwrap.wrap(text, max(width - len(lead), 20), break_long_words=True))
    ]


def _head(of: Radius) -> Iterator[tuple[str, str]]:
    yield "", f"{shown(of.title)} ({shown(of.id)}){': CRITICAL' if of.critical else ''}"
    yield "  ", f"by {shown(of.vendor or 'a vendor nobody named')}, owned by {shown(of.owner)}"
    yield "  ", f"security contact: {contact(of.security)}" if of.security else "NO SECURITY CONTACT of the vendor"
    if of.purpose:
        yield "  ", f"for: {shown(of.purpose)}"
    yield "  ", f"comes from {', '.join(map(shown, of.addresses)) or 'addresses that nobody wrote down'}"


def _reaches(of: Radius) -> Iterator[tuple[str, str]]:
    yield "", f"HOW IT REACHES US: {counts(of)}"
    if of.discovered:
        yield "  ", f"{'as of ' if of.discovered.startswith('snapshot') else ''}{shown(of.discovered)}"
    for layer in get_args(Layer):
        here = [each for each in of.footholds if each.layer == layer]
        if here:
            yield "  ", layer.upper()
        for each in here:
            yield from _foothold(each)


def _foothold(of: Foothold) -> Iterator[tuple[str, str]]:
    state = STATE_WORDS[of.state]
    yield "  ", f"{shown(of.id)}: {shown(of.place)}; {state if of.state in {'hold', 'cut'} else state.upper()}"
    said = []
    if of.found:
        said.append(f"{'found by discovery' if of.sure else 'LIKELY its own, by discovery'}: {shown(of.found)}")
    said += [_credentials(part) for part in of.credentials]
    said += [
        f"works as {shown(account.name)}, {f'foothold {shown(account.foothold)}' if account.foothold else 'NO FOOTHOLD HERE'}"
        for account in of.accounts
    ]
    said += [f"{f'{act.n}. ' if act.n else ''}{act.way.upper()} {done(act)}" for act in of.acts]
    for at, one in enumerate(said):
        yield "  └─ " if at == len(said) - 1 else "  ├─ ", one


def _credentials(part: Credentials) -> str:
    said = counted(part)
    said += f" of {part.people} {'person' if part.people == 1 else 'people'}" if part.people else ""
    said += f"; may {some(part.scopes)}" if part.scopes else ""
    said += f"; last used {shown(part.used_at)[:19].replace('T', ' ')}" if part.used_at else ""
    return f"{said}; {by_whom(part)}"


def _hits(of: Radius) -> Iterator[tuple[str, str]]:
    yield "", "WHOM IT HITS"
    people = f"{of.people} {'person' if of.people == 1 else 'people'}" if of.people else "people: nobody counted them"
    persons = list(dict.fromkeys(one for each in of.footholds for part in each.credentials for one in part.persons))
    named = f": {', '.join(shown(one, 80) for one in persons[:NAMED])}" if persons else ""
    yield "  ", f"{people}{named}{f' and {of.people - NAMED} more' if named and of.people > NAMED else ''}"
    yield "  ", f"it can read: {', '.join(map(shown, of.data)) or 'nobody wrote down what'}"


def _order(of: Radius) -> Iterator[tuple[str, str]]:
    yield "", "IN WHICH ORDER IT IS REVOKED"
    for way, title in (
        ("hold", "at once, all of it can be undone"),
        ("cut", "after approval, none of it can be undone"),
    ):
        steps = [(foothold, act) for foothold, act in of.order if act.way == way]
        yield "  ", f"{title}:" if steps else f"{title}: nothing"
        for foothold, act in steps:
            each = f", each that {act.each} lists" if act.each else ""
            yield f"  {act.n:>3}. ", f"{act.name} on {shown(foothold.id)}{each}"
            if way == "cut":
                yield "       ", f"to get back: {back(act)}"


def _cannot(of: Radius) -> Iterator[tuple[str, str]]:
    told: dict[str, list[str]] = {}
    for each in of.footholds:
        for said in each.cannot:
            told.setdefault(said, []).append(each.id)
    found = [*of.cannot, *(f"{some(names, 5)}: {shown(said)}" for said, names in told.items())]
    yield "", f"WHAT STAYS OPEN OR IN DOUBT: {many(len(found), 'thing') if found else 'nothing that we know of'}"
    yield from (("  ! ", one) for one in found)


def _stops(of: Radius) -> Iterator[tuple[str, str]]:
    yield "", "WHAT STOPS, AND HOW TO LIVE WITHOUT IT"
    yield from _served("  ", shown(of.title), of.serves, of.without)
    for each in of.downstream:
        lead = "  " * min(each.depth + 1, 6)
        name = f"{shown(each.title)} ({shown(each.id)}), needs {_and(each.by)}"
        if not each.known:
            yield lead, f"{name}; in no file of ours"
            continue
        turn = f"; and {shown(of.id)} needs it in turn" if each.id in of.circular else ""
        critical = ", CRITICAL" if each.critical else ""
        yield from _served(lead, f"{name}{critical}{turn}, owned by {shown(each.owner)}", each.serves, each.without)


def _served(lead: str, name: str, serves: tuple[str, ...], without: str) -> Iterator[tuple[str, str]]:
    yield lead, f"{name}: {'; '.join(map(shown, serves)) or 'nobody wrote down what it does for us'}"
    yield f"{lead}  ", f"live without: {shown(without) if without else 'nobody wrote down how'}"


def _and(names: Iterable[str]) -> str:
    return " and ".join(map(shown, names))
