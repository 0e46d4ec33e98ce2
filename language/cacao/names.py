"""The ids of what we export: the same playbook has the same ids on every machine, so that two exports can be compared."""

import hashlib
import json
import uuid
from collections.abc import Sequence

_STANDARD = uuid.UUID("aa7caf3a-d55a-4e9a-b34e-056215fba56a")
"""The standard's own namespace for playbooks named by their `name` and `playbook_types`, which ours are."""

_OURS = uuid.UUID("5f0b6c1e-93a4-4d0c-9d6b-2c7f0e51a8d3")

EXTENSION = f"extension-definition--{uuid.uuid5(_OURS, 'step, version 1')}"
EXPORTER = f"identity--{uuid.uuid5(_OURS, 'exporter')}"


def playbook_id(name: str, types: Sequence[str]) -> str:
    """Name a playbook as the standard says: by its name and types, spelled canonically (RFC 8785)."""
    spelled = json.dumps({"name": name, "playbook_types": list(types)}, ensure_ascii=False, separators=(",", ":"))
    return f"playbook--{uuid.uuid5(_STANDARD, spelled)}"


def object_id(kind: str, playbook: str, what: str) -> str:
    """Name a step, agent or end of a playbook. The standard wants version 4 here; its random bits are a digest of ours."""
    digest = hashlib.sha256(f"{playbook}\n{kind}\n{what}".encode()).digest()
    return f"{kind}--{uuid.UUID(bytes=digest[:16], version=4)}"
