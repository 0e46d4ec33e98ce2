"""`ringfence alert test`: a payload of a source, read as the service would read it; starts nothing, and asks nobody."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reports.text import escaped
from triggers.cli import place
from triggers.cli.say import as_json, tell

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

    from engine.alert import Alert
    from inventory.read import Inventory
    from triggers.alerts.acting.library import Library
    from triggers.alerts.reading import Reading

MOST = 32 << 20
"""Bytes that are read of a file; each source takes its own number of them at most."""
_FIELDS = ("type", "severity", "time", "principal", "app", "resource", "address", "link")


def try_payload(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    source: str = "auto",
    header: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    config: Path | None = None,
    sandbox: bool = False,
    json: bool = False,
) -> int:
    """Read a payload, and say which alerts are in it and which playbooks wait for them. Starts nothing.

    Parameters
    ----------
    file
        The payload as it was delivered; - reads it from standard input.
    source
        Whose it is, by the name of the source or one that is configured; auto: whoever recognises it.
    header
        A header that came with it, as X-GitHub-Event=push; may be given several times.
    config
        Whose playbooks and integrations wait for it; without any configuration, the practice company's.
    sandbox
        Take the practice company's.
    json
        Print one JSON object.
    """
    from engine.alert import Provenance
    from triggers.alerts.acting.library import Library
    from triggers.alerts.reading import NotAnAlert, idle, read

    raw, headers = payload_of(file), dict(map(_header, header))
    ours = place.described(config, sandbox=sandbox or not place.has_configuration(config))
    alerts = ours.config.alerts
    unproven = Provenance(verified=False, scheme="none", received_at=dt.datetime.now(dt.UTC))
    try:
        found = read(alerts.form_of(source), raw, headers, provenance=unproven)
    except NotAnAlert as error:
        raise place.Refused(str(error)) from None
    name = source if source in alerts.sources else found.source
    library = Library()
    matches = [one for alert in found.alerts if idle(alert) is None for one in _matches(library, name, alert, ours)]
    for book in sorted(library.broken):
        print(
            f"The playbook {book} has mistakes and waits for nothing: see `ringfence playbook lint`.", file=sys.stderr
        )
    if json:
        as_json(_said(found, matches))
    else:
        tell(Told(found, matches))
    return 0


@dataclass(frozen=True)
class Waiting:
    """A playbook that waits for an alert, how it would come to a run, and with which inputs; `why` it only proposes."""

    playbook: str
    mode: str
    inputs: dict[str, Any]
    why: str


def _matches(library: Library, name: str, alert: Alert, ours: Inventory) -> Iterator[Waiting]:
    from triggers.alerts.acting.resolving import inputs_of, is_for

    for match in library.matches(name, alert.source, alert, ours):
        if not is_for(match, ours):
            continue
        inputs, doubt = inputs_of(match, ours)
        why = match.doubt or doubt
        if match.auto and not why and not alert.stable_id:
            why = "the source gives no id of its own for it"
        yield Waiting(match.name, "auto" if match.auto and not why else "propose", inputs, why)


def _said(found: Reading, matches: Sequence[Waiting]) -> dict[str, Any]:
    from triggers.alerts.reading import row

    return {
        "alerts": [row(alert) for alert in found.alerts],
        "matches": [{"playbook": one.playbook, "mode": one.mode, "inputs": one.inputs} for one in matches],
        "ignored": list(found.ignored),
    }


def payload_of(file: str) -> bytes:
    """A payload as it lies in a file, or comes by standard input. Raises Refused."""
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(MOST + 1)
        else:
            with Path(file).expanduser().open("rb") as opened:
                raw = opened.read(MOST + 1)
    except OSError as error:
        raise place.Refused(f"The payload {file} cannot be read: {error.strerror}.") from None
    if len(raw) > MOST:
        raise place.Refused(f"The payload {file} has more than {MOST:,} bytes: no source sends so much.")
    return raw


def _header(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name.strip():
        raise place.Refused(f"--header {text[:40]!a} is none: write it as X-GitHub-Event=push.")
    return name.strip(), value.strip()


@dataclass(frozen=True)
class Told:
    """What was read, for people."""

    found: Reading
    matches: Sequence[Waiting]

    def lines(self) -> Iterator[str]:
        """Tell it in plain lines."""
        from triggers.alerts.reading import row

        many = len(self.found.alerts)
        yield f"{self.found.source}: {many} alert{'' if many == 1 else 's'}"
        for alert in self.found.alerts:
            said = row(alert)
            yield f"{said['title']}{'  (a sample)' if said['sample'] else ''}"
            for name in _FIELDS:
                if said[name] is not None:
                    word = f" ({alert.severity_label})" if name == "severity" else ""
                    yield f"    {name:<10} {said[name]}{word}"
            yield f"    {'id':<10} {alert.source_alert_id}"
            yield from (f"    {'note':<10} {note}" for note in alert.parse_notes)
        yield from (f"waits for it: {_line(one)}" for one in self.matches)
        if many and not self.matches:
            yield "No playbook waits for it."
        yield from (f"ignored: {why}" for why in self.found.ignored)

    def __rich_console__(self, _console: Console, _options: ConsoleOptions) -> Iterator[RenderableType]:
        """Draw it."""
        from rich.table import Table
        from rich.text import Text

        from triggers.alerts.reading import row

        for alert in self.found.alerts:
            said = row(alert)
            table = Table(title=Text(escaped(str(said["title"]))), title_justify="left", show_header=False)
            for name in (*_FIELDS, "id", "dedupe_key"):
                if said[name] is not None:
                    word = f" ({alert.severity_label})" if name == "severity" else ""
                    table.add_row(name, Text(escaped(f"{said[name]}{word}")))
            for note in alert.parse_notes:
                table.add_row("note", Text(escaped(note)))
            yield table
        yield from (Text(escaped(f"waits for it: {_line(one)}"), style="bold") for one in self.matches)
        if self.found.alerts and not self.matches:
            yield Text("No playbook waits for it.")
        yield from (Text(escaped(f"ignored: {why}"), style="yellow") for why in self.found.ignored)


def _line(one: Waiting) -> str:
    inputs = ", ".join(f"{name}={value}" for name, value in one.inputs.items())
    return f"{one.playbook}, {one.mode}{f' with {inputs}' if inputs else ''}{f': {one.why}' if one.why else ''}"
