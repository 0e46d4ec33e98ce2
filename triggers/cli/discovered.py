"""What a discovery has to say, as data and as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from triggers.cli.say import line

if TYPE_CHECKING:
    from inventory.discovery.known import Known
    from inventory.discovery.shelf import Parts, Shelf, Snapshot
    from inventory.discovery.thing import Thing

NOBODYS = "nobody's"
MOST = 50
"""Lines of one sort that are printed; all of them are in --json."""


def facts(
    shelf: Shelf, snapshot: Snapshot, before: Snapshot | None, known: Known, ways: Sequence[str], took_s: float
) -> dict[str, Any]:
    """Everything that was found, as data. `before`: the snapshot that it is compared with."""
    found, parts = known.whose, shelf.parts(snapshot.n)
    listed = {name: snapshot.listed[name] for name in ways}
    places = sorted(found.things)
    return {
        "snapshot": {
            "n": snapshot.n, "digest": snapshot.digest, "begun_at": snapshot.begun_at, "ended_at": snapshot.ended_at,
            "things": snapshot.things,
        },
        "connections": {
            name: {kind: {key: one[key] for key in ("whole", "requests", "things", "why")} for kind, one in kinds.items()}
            for name, kinds in listed.items()
        },
        "requests": sum(one["requests"] for kinds in listed.values() for one in kinds.values()),
        "seconds": round(took_s, 3),
        "not_listed": {name: whys for name in ways if (whys := snapshot.whys(name))},
        "known": [
            {"place": place, "integration": owner.integration, "foothold": owner.foothold}
            for place in places for owner in found.owners.get(place, ()) if owner.how == "declared"
        ],
        "ours": [{"place": place, "why": found.ours[place]} for place in sorted(found.ours)],
        "unknown": [_unknown(thing, known, parts) for thing in found.unknown],
        "gone": [{"integration": name, "foothold": entry.id, "at": entry.at, "kind": entry.kind} for name, entry in found.missing],
        "since": before.n if before is not None else None,
        **_changes(shelf, snapshot, before),
    }  # fmt: skip


def _unknown(thing: Thing, known: Known, parts: Mapping[tuple[str, str], Parts]) -> dict[str, Any]:
    from inventory.discovery.shelf import Parts

    under = parts.get((thing.connection, thing.key), Parts())
    return {
        "place": thing.place, "kind": thing.kind, "at": thing.connection, "key": thing.key, "title": thing.title,
        "publisher": thing.publisher, "scopes": list(thing.scopes), "hosts": list(thing.hosts),
        "parts": under.count, "people": max(under.persons, thing.people), "created_at": thing.created_at,
        "used_at": max(thing.used_at, under.used_at), "used_from": thing.used_from,
        "taken_for": [
            {"integration": owner.integration, "sure": owner.sure, "why": owner.why}
            for owner in known.whose.owners.get(thing.place, ())
        ],
    }  # fmt: skip


def _changes(shelf: Shelf, snapshot: Snapshot, before: Snapshot | None) -> dict[str, Any]:
    from inventory.discovery.thing import differences

    told: dict[str, Any] = {"new": [], "vanished": [], "changed": [], "parts": []}
    if before is None:
        return told
    for was, now in shelf.changed(snapshot.n, before.n):
        if was is not None and now is not None:
            told["changed"].append({"place": now.place, "what": differences(was, now)})
        elif now is not None:
            told["new"].append(now.place)
        elif was is not None:
            told["vanished"].append(was.place)
    told["parts"] = [
        {"of": f"{connection}/{key}", **counts}
        for (connection, key), counts in sorted(shelf.parts_changed(snapshot.n, before.n).items())
    ]
    return told


def say(told: Mapping[str, Any], written: Mapping[str, Any] | None) -> None:
    """Print it for people: what needs them first."""
    snapshot = told["snapshot"]
    ways = ", ".join(told["connections"])
    line(
        f"Snapshot {snapshot['n']}: {snapshot['things']} things at {ways}; {told['requests']} requests, {told['seconds']:.1f} s."
    )
    line(f"  sha256 {snapshot['digest']}, in the journal's chain.")
    for name, whys in told["not_listed"].items():
        for why in whys:
            line(f"NOT LISTED  {name}: {why}")
    known, ours = told["known"], told["ours"]
    by: dict[str, int] = {}
    for one in known:
        by[one["integration"]] = by.get(one["integration"], 0) + 1
    line(f"known    {len(known)} declared: {', '.join(f'{name} {count}' for name, count in sorted(by.items())) or 'none'}"
         + (f"; {len(ours)} ours" if ours else ""))  # fmt: skip
    _each("UNKNOWN", [_line(one) for one in told["unknown"]])
    _each(
        "GONE",
        [
            f"{one['integration']}/{one['foothold']}: declared as {one['kind']} at {one['at']}, and not there"
            for one in told["gone"]
        ],
    )
    if told["since"] is not None:
        _each("new", told["new"], f"since snapshot {told['since']}")
        _each("vanished", told["vanished"], f"since snapshot {told['since']}")
        _each("CHANGED", [f"{one['place']}: {'; '.join(one['what'])}" for one in told["changed"]])
        _each(
            "grants",
            [
                f"of {one['of']}: {', '.join(f'{one[w]} {w}' for w in ('new', 'gone', 'changed') if one[w])}"
                for one in told["parts"]
            ],
        )
    _next(told, written)


def _line(one: Mapping[str, Any]) -> str:
    called = f" '{one['title']}'" if one["title"] and one["title"] != one["key"] else ""
    said = [f"{one['place']}{called}"]
    if one["parts"]:
        said.append(f"{one['parts']} grants of {one['people']} people")
    elif one["people"]:
        said.append(f"{one['people']} people")
    if one["scopes"]:
        said.append(f"may {' '.join(one['scopes'][:6])}")
    if one["hosts"]:
        said.append(f"calls {', '.join(one['hosts'][:3])}")
    said.append(
        f"used {one['used_at'][:16].replace('T', ' ')}" + (f" from {one['used_from']}" if one["used_from"] else "")
        if one["used_at"]
        else "never seen used"
    )
    taken = [f"{'' if each['sure'] else 'LIKELY '}{each['integration']}'s: {each['why']}" for each in one["taken_for"]]
    return f"{'; '.join(said)}\n            {' / '.join(taken) or NOBODYS}"


def _each(word: str, what: Sequence[str], more: str = "") -> None:
    for one in what[:MOST]:
        first, _, rest = one.partition("\n")
        line(f"{word:<11} {first}")
        if rest:
            line(rest)
    if len(what) > MOST:
        line(f"{word:<11} and {len(what) - MOST} more{f' {more}' if more else ''}: --json has all of them")


def _next(told: Mapping[str, Any], written: Mapping[str, Any] | None) -> None:
    if written is not None:
        for one in written["added"]:
            line(f"declared    {one['place']} as {one['as']}")
        _each("LEFT OUT", written["left"])
        line(f"Written into {', '.join(written['files']) or 'no file'}.")
        _each("FILL IN", written["todo"])
    elif told["unknown"]:
        if any(one["taken_for"] for one in told["unknown"]):
            line("What is taken for an integration's counts in every run of it, whether or not somebody declares it.")
        line(
            "--adopt writes them all into the file of integrations, --only PLACE one of them; what is no third party's"
        )
        line("stands there under `ours:`, with why.")
