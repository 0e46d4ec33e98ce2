"""`ringfence alert replay`: acts once more on an alert that came before, or on a payload as if nobody had proven it."""

from __future__ import annotations

import asyncio
import json as json_
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.alert_tested import payload_of
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from journal import Journal
    from triggers.alerts.acting import AlertService
    from triggers.alerts.inbox import Act
    from triggers.house import House

NOTHING = "Nothing new: it tells of what is known already, or of nothing that may act."


def replay(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    /,
    *,
    row: int | None = None,
    source: str = "auto",
    config: Path | None = None,
    sandbox: bool = False,
    json: bool = False,
) -> int:
    """Act once more on an alert: what led to nothing is decided anew, by playbooks and configuration as they are now.

    What led to a run did so once and for all. A payload of a FILE is taken as one that nobody proves: it may propose,
    and starts nothing.

    Parameters
    ----------
    file
        A payload as a source delivers it; - reads it from standard input.
    row
        The number of an alert that came before, as `ringfence alert shadow` shows it.
    source
        Of a FILE: whose it is, by the name of the source or one that is configured.
    config
        The configuration.
    sandbox
        The practice company's, which is started if it does not run.
    json
        Print one JSON object.
    """
    if bool(file) == (row is not None):
        raise place.Refused("Name a FILE with a payload, or the number of an alert with --row.")
    payload = payload_of(file) if file else None
    inventory = place.configuration(config, sandbox=sandbox)
    journal = place.open_journal(place.open_keys(inventory, sandbox=sandbox), config)
    from triggers.house import House

    house = House(inventory, journal, place.state_folder(), sandbox=sandbox)
    try:
        acts = asyncio.run(_replayed(house, row, payload, source))
        known = titles(journal, acts)
    finally:
        journal.close()
    if json:
        as_json({"acts": [body_of(act, known.get(act.number, "")) for act in acts]})
        return 0
    for act in acts:
        for said in lines_of(act):
            line(said)
    if not acts:
        line(NOTHING)
    return 0


async def _replayed(house: House, row: int | None, payload: bytes | None, source: str) -> list[Act]:
    from triggers.alerts.acting import AlertService

    alerts = AlertService(house)
    try:
        if row is not None:
            found = await alerts.one(row)
            if found is None:
                raise place.Refused(
                    f"There is no alert {row} that could be replayed: it never came, was a repeat (replay the first one), or somebody is at it"
                    " just now."
                )
            return found
        return await _of_payload(alerts, house, payload or b"", source)
    finally:
        await alerts.end()
        await house.end()


async def _of_payload(alerts: AlertService, house: House, raw: bytes, source: str) -> list[Act]:
    from triggers.alerts.reading import AUTO, NotAnAlert, recognise
    from triggers.alerts.trust.model import Verified

    try:
        form = recognise(raw) if source == AUTO else house.inventory.config.alerts.form_of(source)
    except NotAnAlert as error:
        raise place.Refused(str(error)) from None
    name = form if source == AUTO else source
    return await alerts.payload(name, form, raw, Verified("none", None, f"replay:{secrets.token_hex(16)}"))


def body_of(act: Act, title: str = "") -> dict[str, Any]:
    """What came of an alert, for programs."""
    return {
        "row": act.inbox, "place": act.place, "at": act.at, "name": act.name, "title": title, "integration": act.integration,
        "playbook": act.playbook, "would": act.would, "word": act.word, "why": json_.loads(act.why), "run": act.run,
        "incident": act.incident,
    }  # fmt: skip


def lines_of(act: Act, title: str = "") -> list[str]:
    """What came of an alert, for people."""
    what = " at ".join(filter(None, (act.playbook, act.integration)))
    would = {"start": ", in shadow: WOULD HAVE STARTED", "propose": ", in shadow: would have proposed"}.get(
        act.would, ""
    )
    said = f"{act.at[:19]}  alert {act.inbox} of {act.name}: {act.word or 'open'}{f' {what}' if what else ''}{would}"
    found = [f"{said}{f', run {act.run}' if act.run else ''}"]
    found += [f"    {title}"] if title else []
    return found + [f"    {why}" for why in json_.loads(act.why)]


def titles(journal: Journal, acts: list[Act]) -> dict[int, str]:
    """The titles of alerts, by their acts' numbers; a pseudonym where they are erased."""
    from journal.event import JOURNAL

    wanted = {(act.inbox, act.place): act.number for act in acts}
    found: dict[int, str] = {}
    for event in journal.events(JOURNAL) if wanted else ():
        if event.type == "alerted" and (number := wanted.get((event.body.get("inbox"), event.body.get("place")))):  # type: ignore[arg-type]
            found[number] = str(event.body.get("title", ""))
    return found
