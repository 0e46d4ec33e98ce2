"""Techniques of ATT&CK and D3FEND among the external references of CACAO, both ways."""

import re
from collections.abc import Sequence

from language.cacao.ledger import Ledger
from language.cacao.model import Reference

_ATTACK = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
_DEFEND = re.compile(r"D3-[A-Z][A-Z0-9]{0,9}")


def techniques(references: Sequence[Reference], ledger: Ledger) -> list[str]:
    """Give the techniques of ATT&CK that a playbook refers to, each once."""
    return _found(references, ledger, _ATTACK, "att&ck", "attack.mitre.org")


def defences(references: Sequence[Reference], ledger: Ledger) -> list[str]:
    """Give the techniques of D3FEND that a playbook refers to, each once."""
    return _found(references, ledger, _DEFEND, "d3fend")


def _found(references: Sequence[Reference], ledger: Ledger, form: re.Pattern[str], *names: str) -> list[str]:
    found: dict[str, None] = {}
    for number, one in enumerate(references):
        said = f"{one.name} {one.source} {one.url}".lower()
        if form.fullmatch(one.external_id) and any(name in said for name in names):
            for key in ("name", "external_id", "url"):
                ledger.carry("external_references", number, key)
            found[one.external_id] = None
    return list(found)


def reference(technique: str) -> dict[str, str]:
    """Refer to one technique of ATT&CK."""
    path = technique.replace(".", "/")
    return {"name": "MITRE ATT&CK", "external_id": technique, "url": f"https://attack.mitre.org/techniques/{path}/"}


def defence(technique: str) -> dict[str, str]:
    """Refer to one technique of D3FEND."""
    return {"name": "MITRE D3FEND", "external_id": technique, "url": "https://d3fend.mitre.org/"}
