"""`ringfence integrations new`: an integration to begin with, in the configured file or folder, with every way in that the
named connections know. Only what people know is left to fill in.
"""  # noqa: D205

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.say import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.core import Connector
    from inventory.model import Config

OPEN = "FILL IN"
_EXAMPLES = {
    "security": "mailto:security@vendor.example",
    "purpose": "It writes chats into the CRM",
    "data": "[contacts, messages]",
    "canary": "env:NAME_OF_A_VARIABLE",
    "needed_by": "[another_integration]",
    "serves": "[The sales team's chat]",
    "without": "Agents copy chats by hand",
    "addresses": "[203.0.113.0/24]",
    "critical": "true",
}
"""What the keys that may be left out look like."""


def new(
    name: str,
    /,
    *,
    title: str = OPEN,
    vendor: str = OPEN,
    owner: str = OPEN,
    at: list[str] | None = None,
    config: Path | None = None,
    integrations: Path | None = None,
) -> int:
    """Write an integration to begin with. What is marked FILL IN is yours to say.

    Parameters
    ----------
    name
        Its id: lower-case letters, digits and _.
    title
        What people call it.
    vendor
        Whose product it is.
    owner
        Who of yours answers for it.
    at
        A connection at which it has a way in; may be given again. Without it, every connection that knows of any.
    config
        The configuration; without it RINGFENCE_CONFIG, or ringfence.yaml here.
    integrations
        Another file or folder of integrations than the configured one.
    """
    from inventory.integrations.files import home_of
    from inventory.integrations.insert import NotWritten, add_integration, save, text_at
    from inventory.integrations.save import Changed
    from inventory.integrations.source import where
    from inventory.read import examine
    from language.errors import BadPlaybook

    found = examine(config or place.config_path(), integrations=integrations, may_be_empty=True)
    if found.config is None:
        raise place.Refused("\n".join(map(str, found.problems)))
    if there := where(found.listed.sources, name):
        raise place.Refused(f"'{name}' is declared already, at {there}: nothing was written.")
    footholds, known = _footholds(found.config, at)
    fields = {"title": title, "vendor": vendor, "owner": owner, "footholds": footholds}
    file = home_of(found.home, name)
    try:
        before = text_at(file)
        after = add_integration(before, name, fields, _notes(known))
        file.parent.mkdir(parents=True, exist_ok=True)
        save(file, before, after)
    except (NotWritten, Changed, BadPlaybook) as error:
        raise place.Refused(f"{file}: nothing was written: {error}") from None
    except OSError as error:
        raise place.Refused(f"{file} cannot be written: {error.strerror}.") from None
    line(f"{file}: {name} is written, with {len(footholds)} footholds to name or take out.")
    line(f"What is marked {OPEN} is yours to say; then `ringfence integrations lint`.")
    return 0


def _footholds(config: Config, at: list[str] | None) -> tuple[list[dict[str, Any]], list[str]]:
    """One foothold of each kind that each connection knows, and a comment line for each connection."""
    from engine.registry import registry
    from language.errors import nearest, short

    systems = registry().systems
    reach = {name: systems[entry.system] for name, entry in config.connections.items() if entry.system in systems}
    able = {name: system for name, system in reach.items() if system.footholds}
    for name in at or ():
        if name not in reach:
            raise place.Refused(f"There is no connection '{short(name)}' to a system of ours{nearest(name, able)}")
        if name not in able:
            raise place.Refused(f"{reach[name].name} knows no foothold, so none can be at {name}{nearest('', able)}")
    footholds, said = [], []
    for name in at or able:
        said.append(f"{name} ({able[name].name}) knows {', '.join(able[name].footholds)}.")
        footholds += [_foothold(name, able[name], kind) for kind in able[name].footholds]
    if not footholds:
        return [{"id": "way_in", "kind": "token"}], ["No connection knows of any: without `at` no run can close it."]
    return footholds, said


def _foothold(at: str, system: Connector, kind: str) -> dict[str, Any]:
    fields = [key for key, field in system.footholds[kind].model_fields.items() if field.is_required()]
    return {"id": f"{at[: 39 - len(kind)]}_{kind}", "kind": kind, "at": at, **dict.fromkeys(fields, OPEN)}


def _notes(known: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Say above each key what it is for; those that may be left out stand there as comments, with an example."""
    from inventory.integrations.model import FootholdEntry, Integration

    said = {key: str(field.description) for key, field in Integration.model_fields.items()}
    rest = [text for key, example in _EXAMPLES.items() for text in (said[key], f"{key}: {example}")]
    at = str(FootholdEntry.model_fields["at"].description)
    return {
        "title": [said["title"]], "vendor": [said["vendor"]], "owner": [said["owner"]],
        "footholds": [*rest, said["footholds"], *known, f"at: {at}"],
    }  # fmt: skip
