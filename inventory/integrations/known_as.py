"""The further ids of a foothold, by which alerts name it: that each leads to one integration.

Microsoft Graph names an app by its appId, where Entra closes the service principal by its object id; GitHub's hook has an
app's id beside that of its installation. Such an id names the same thing and stands beside what names it here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from inventory.integrations.model import FootholdEntry, OwnEntry
from inventory.integrations.source import Source, Written, footholds_of, integrations_of, own_of, texts_in
from inventory.part import is_reference
from language.errors import Place, Problem, short
from language.source import Scalar

_SALESFORCE = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")


def same_id(one: str, other: str) -> bool:
    """Whether two texts are one id: they are equal, letter by letter; Salesforce spells one with 15 and with 18 characters."""
    return one == other or ({len(one), len(other)} == {15, 18} and _key(one) == _key(other))


def known_twice(sources: Sequence[Source]) -> Iterator[Problem]:
    """Find ids that stand twice at one foothold, and those by which an alert would name two integrations, or our own."""
    named: dict[str, list[tuple[str, Written]]] = defaultdict(list)
    for own in own_of(sources):
        for value in _names(own, {*OwnEntry.model_fields}):
            named[_key(value)].append((value, own))
    footholds = [foothold for one in integrations_of(sources) for foothold in footholds_of(one)]
    for foothold in footholds:
        for value in _names(foothold, {*FootholdEntry.model_fields}):
            named[_key(value)].append((value, foothold))
    claimed: dict[str, list[tuple[str, Written]]] = defaultdict(list)
    for foothold in footholds:
        seen: dict[str, Place] = {}
        for value, place in texts_in(foothold.keys, "known_as"):
            here, said = f"foothold {short(foothold.name)}: known_as: '{short(value)}'", ""
            if value in seen:
                said = f"stands twice, first at {seen[value]}"
            elif other := _another(foothold, value, (*named[_key(value)], *claimed[_key(value)])):
                whose = f"'{short(other.of)}'" if other.of else "`ours:`"
                said = f"names something of {whose} at {other} too: an alert that gives it would mean both"
            if said:
                yield foothold.source.says("claimed_twice", place, f"{here} {said}")
            seen.setdefault(value, place)
            claimed[_key(value)].append((value, foothold))


def _another(foothold: Written, value: str, known: Sequence[tuple[str, Written]]) -> Written | None:
    """Whoever else has it. One integration may: two installations of one app are two ways in."""
    return next((other for has, other in known if other.of != foothold.of and same_id(has, value)), None)


def _key(value: str) -> str:
    """What two spellings of one id share."""
    return value[:15] if _SALESFORCE.fullmatch(value) else value


def _names(part: Written, ours: set[str]) -> Iterator[str]:
    """Give what names a thing at its system. A reference is none, nor is true or false."""
    for key, node in part.keys.nodes.items():
        value = node.value if key not in ours and isinstance(node, Scalar) else None
        if isinstance(value, str | int) and not isinstance(value, bool) and not is_reference(str(value)):
            yield str(value)
