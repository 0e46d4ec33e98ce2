"""ATT&CK techniques among the external references of CACAO, both ways."""

import re
from collections.abc import Iterable, Iterator

from language.cacao.ledger import Ledger
from language.cacao.model import Reference

_TECHNIQUE = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
ATTACK = "MITRE ATT&CK"


def techniques(references: Iterable[Reference], ledger: Ledger) -> Iterator[str]:
    """Go through the techniques of ATT&CK that a playbook refers to, each once."""
    seen: set[str] = set()
    for number, reference in enumerate(references):
        said = f"{reference.name} {reference.source} {reference.url}".lower()
        if _TECHNIQUE.fullmatch(reference.external_id) and ("att&ck" in said or "attack" in said):
            ledger.carry("external_references", number, "name")
            ledger.carry("external_references", number, "external_id")
            ledger.carry("external_references", number, "url")
            if reference.external_id not in seen:
                seen.add(reference.external_id)
                yield reference.external_id


def reference(technique: str) -> dict[str, str]:
    """Refer to one technique."""
    path = technique.replace(".", "/")
    return {"name": ATTACK, "external_id": technique, "url": f"https://attack.mitre.org/techniques/{path}/"}
